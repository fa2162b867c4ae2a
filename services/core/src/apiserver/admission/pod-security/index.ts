/**
 * Pod Security admission: a namespace's labels say how its pods are judged (`enforce` refuses them, `warn` tells the
 * user). Templates of pods are only warned of: it is their pods that are refused. A namespace that begins to judge more
 * strictly hears which of its pods would not pass.
 */
import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { prefixEnd, type Storage } from "#store"
import { decodeJson } from "../../mirror.ts"
import { jsonEqual } from "../../patch/json-value.ts"
import { forbidden } from "../forbidden.ts"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import type { Checked } from "./check.ts"
import { complaint, labelMistakes, policyOf, violations } from "./policy.ts"

/** Of a namespace that changes its labels at most this many pods are looked at. */
const existingPodsMax = 3_000

/** Resources whose objects make pods, and where their template is. */
const templates: Readonly<Record<string, readonly string[]>> = {
  "deployments.apps": ["spec", "template"],
  "replicasets.apps": ["spec", "template"],
  "statefulsets.apps": ["spec", "template"],
  "daemonsets.apps": ["spec", "template"],
  "jobs.batch": ["spec", "template"],
  "cronjobs.batch": ["spec", "jobTemplate", "spec", "template"],
  replicationcontrollers: ["spec", "template"],
  podtemplates: ["template"],
}

export function createPodSecurity(storage: Storage): AdmissionStep {
  return {
    name: "PodSecurity",
    validate: async (attributes) => {
      const { operation, group, resource, subresource, object } = attributes
      if (object === undefined || (operation !== "CREATE" && operation !== "UPDATE")) return
      const qualified = group === "" ? resource : `${resource}.${group}`
      if (qualified === "namespaces" && subresource === "") return judgeNamespace(storage, attributes, object)
      if (qualified === "pods" && (subresource === "" || subresource === "ephemeralcontainers")) {
        return judgePod(storage, attributes, object)
      }
      const path = subresource === "" ? templates[qualified] : undefined
      if (path) await warnOfTemplate(storage, attributes, object, path)
    },
  }
}

async function labelsOf(storage: Storage, namespace: string): Promise<Record<string, string> | undefined> {
  return (await readCoreObject<Namespace>(storage, "namespaces", "", namespace))?.metadata.labels
}

async function judgePod(storage: Storage, attributes: AdmissionAttributes, object: AnyObject): Promise<void> {
  // Labels, tolerations and the like may change on a pod that came before its namespace grew strict.
  if (attributes.oldObject !== undefined && jsonEqual(judged(object), judged(attributes.oldObject))) return
  const labels = await labelsOf(storage, attributes.namespace)
  const pod = object as unknown as Checked
  const refused = complaint(pod, policyOf(labels, "enforce"))
  if (refused !== undefined) throw forbidden(attributes, `violates ${refused}`)
  const warned = complaint(pod, policyOf(labels, "warn"))
  if (warned !== undefined) attributes.warn(`would violate ${warned}`)
}

/** Of a pod that is there already, what may still change and matters to security. */
function judged({ spec, metadata }: AnyObject): unknown {
  const {
    tolerations: _t,
    activeDeadlineSeconds: _a,
    schedulingGates: _s,
    nodeName: _n,
    ...rest
  } = { ...(spec as object) } as Record<string, unknown>
  const profiles = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.includes("apparmor"))
  return JSON.parse(JSON.stringify([rest, profiles]))
}

async function warnOfTemplate(
  storage: Storage,
  attributes: AdmissionAttributes,
  object: AnyObject,
  path: readonly string[],
): Promise<void> {
  const at = (from: unknown): unknown =>
    path.reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], from)
  const template = at(object) as Checked | undefined
  if (template?.spec === undefined || (attributes.oldObject && jsonEqual(template, at(attributes.oldObject)))) return
  const labels = await labelsOf(storage, attributes.namespace)
  const warned = complaint(template, policyOf(labels, "warn"))
  if (warned !== undefined) attributes.warn(`would violate ${warned}`)
}

async function judgeNamespace(storage: Storage, attributes: AdmissionAttributes, object: AnyObject): Promise<void> {
  const { labels } = object.metadata
  const before = attributes.oldObject?.metadata.labels
  const mistakes = labelMistakes(labels)
  if (mistakes.length > 0 && !jsonEqual(labelMistakes(before), mistakes)) throw unreadable(attributes.name, mistakes)
  const policy = policyOf(labels, "enforce")
  const old = policyOf(before, "enforce")
  if (attributes.operation !== "UPDATE" || policy.level === "privileged" || policy.level === old.level) return
  if (old.level === "restricted") return
  const groups = await existingViolations(storage, attributes.name, policy.level)
  if (groups.length === 0) return
  const title = `existing pods in namespace "${attributes.name}" violate the new PodSecurity enforce level`
  attributes.warn(`${title} "${policy.level}:${policy.version}"`)
  for (const line of groups) attributes.warn(line)
}

/** `web-1 (and 2 other pods): privileged, runAsNonRoot != true`, one line for pods that have the same against them. */
async function existingViolations(
  storage: Storage,
  namespace: string,
  level: ReturnType<typeof policyOf>["level"],
): Promise<string[]> {
  const prefix = `/registry/core/pods/${namespace}/`
  const range = { key: prefix, end: prefixEnd(prefix), limit: existingPodsMax, serializable: true }
  const { kvs } = await storage.range(range)
  const judgedPods = kvs.flatMap(({ value }) => {
    const pod = decodeJson<Checked & { metadata: { name: string } }>(value)
    const reasons = violations(pod, level).map(({ reason }) => reason)
    return reasons.length === 0 ? [] : [{ name: pod.metadata.name, reasons: reasons.join(", ") }]
  })
  return [...Map.groupBy(judgedPods, ({ reasons }) => reasons)].map(([reasons, pods]) => {
    const others = pods.length - 1
    const more = others === 0 ? "" : ` (and ${others} other pod${others === 1 ? "" : "s"})`
    return `${pods[0]?.name}${more}: ${reasons}`
  })
}

function unreadable(name: string, mistakes: ReturnType<typeof labelMistakes>): StatusError {
  const causes = mistakes.map(({ key, value, why }) => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
    field: `metadata.labels[${key}]`,
  }))
  const texts = causes.map(({ field, message }) => `${field}: ${message}`)
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`
  return new StatusError("Invalid", `Namespace "${name}" is invalid: ${list}`, { name, kind: "Namespace", causes })
}
