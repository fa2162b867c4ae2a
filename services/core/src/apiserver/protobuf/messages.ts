/**
 * What Kubernetes' messages look like on the wire, read from `messages.json` one message at a time, when it is first met.
 * A line there is `<number> <JSON name>[?] <type>, …`: `.X` is a message of the same package, `*X` a list, `%X` a map
 * from strings; `?` marks a field of which Go's JSON writes a zero too (a pointer, or one that must be there).
 */
import definitions from "./messages.json" with { type: "json" }

export type Shape = "one" | "list" | "map"

export interface Field {
  readonly number: number
  readonly name: string
  readonly shape: Shape
  /** `string`, `bytes`, `bool`, `int32`, `int64`, `double`, or the name of a message. */
  readonly type: string
  readonly isMessage: boolean
  /** Whether a zero is a value here, and not an absence. */
  readonly keepsZero: boolean
  /** Whether Go embeds the message: in JSON its fields stand in the object around it. */
  readonly inlined: boolean
}

export interface Message {
  readonly name: string
  readonly fields: readonly Field[]
  readonly byNumber: ReadonlyMap<number, Field>
}

const lines: Readonly<Record<string, string>> = definitions
const scalars = new Set(["string", "bytes", "bool", "int32", "int64", "double"])
const inlinedNames = new Set([
  "volumeSource",
  "persistentVolumeSource",
  "localObjectReference",
  "ephemeralContainerCommon",
  "ingressRuleValue",
  "ruleWithOperations",
])
const inlinedTypes = new Set(["core.v1.ProbeHandler", "admissionregistration.v1.Rule"])
const known = new Map<string, Message>()

/** Undefined when Kubernetes has no such message. */
export function messageOf(name: string): Message | undefined {
  const message = known.get(name)
  if (message) return message
  const line = Object.hasOwn(lines, name) ? lines[name] : undefined
  if (line === undefined) return undefined
  const parent = name.slice(0, name.lastIndexOf("."))
  const fields = line === "" ? [] : line.split(", ").map((text) => fieldOf(text, parent))
  const made = { name, fields, byNumber: new Map(fields.map((field) => [field.number, field])) }
  known.set(name, made)
  return made
}

function fieldOf(text: string, parent: string): Field {
  const [number = "", mark = "", kind = ""] = text.split(" ")
  const shape = kind.startsWith("*") ? "list" : kind.startsWith("%") ? "map" : "one"
  const bare = shape === "one" ? kind : kind.slice(1)
  const type = bare.startsWith(".") ? parent + bare : bare
  const name = mark.replace("?", "")
  return {
    number: Number(number),
    name,
    shape,
    type,
    isMessage: !scalars.has(type),
    keepsZero: mark.endsWith("?"),
    inlined: inlinedNames.has(name) || inlinedTypes.has(type),
  }
}

/** Packages whose API group has another name. */
const packages: Readonly<Record<string, string>> = {
  v1: "core.v1",
  "networking.k8s.io/v1": "networking.v1",
  "rbac.authorization.k8s.io/v1": "rbac.v1",
  "storage.k8s.io/v1": "storage.v1",
  "scheduling.k8s.io/v1": "scheduling.v1",
  "node.k8s.io/v1": "node.v1",
  "coordination.k8s.io/v1": "coordination.v1",
  "discovery.k8s.io/v1": "discovery.v1",
  "events.k8s.io/v1": "events.v1",
  "certificates.k8s.io/v1": "certificates.v1",
  "admissionregistration.k8s.io/v1": "admissionregistration.v1",
  "apiextensions.k8s.io/v1": "apiextensions.v1",
  "apiregistration.k8s.io/v1": "apiregistration.v1",
  "authentication.k8s.io/v1": "authentication.v1",
  "authorization.k8s.io/v1": "authorization.v1",
  "flowcontrol.apiserver.k8s.io/v1": "flowcontrol.v1",
  "apps/v1": "apps.v1",
  "batch/v1": "batch.v1",
  "autoscaling/v1": "autoscaling.v1",
  "autoscaling/v2": "autoscaling.v2",
  "policy/v1": "policy.v1",
  "meta.k8s.io/v1": "meta.v1",
}
/** Kinds that every group has, in a package of their own. */
const everywhere = new Set(["DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "Status", "WatchEvent"])

/** The message of a kind's objects, or lists. Undefined when it has none: a custom resource, or no kind at all. */
export function messageOfKind(apiVersion: string, kind: string): Message | undefined {
  if (everywhere.has(kind)) return messageOf(`meta.v1.${kind}`)
  const message = Object.hasOwn(packages, apiVersion) ? messageOf(`${packages[apiVersion]}.${kind}`) : undefined
  return message?.byNumber.get(1)?.name === "metadata" ? message : undefined
}
