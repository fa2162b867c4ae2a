import definitions from "./messages.json" with { type: "json" }
import { readFields, WireError } from "./wire.ts"

/**
 * Objects in `application/vnd.kubernetes.protobuf`, as Go clients send built-in kinds: four magic bytes, then a message
 * that names the kind and holds the object's own message. `messages.json` has the field numbers of the kinds that are
 * served; a type is `string`, another message, `*type` for a list, `%type` for a map.
 */
type Field = readonly [name: string, type: string]
type Message = Readonly<Record<string, Field>>
type JsonObject = Record<string, unknown>

const messages = definitions.messages as unknown as Readonly<Record<string, Message>>
const kinds = definitions.kinds as Readonly<Record<string, string>>
const magic = [0x6b, 0x38, 0x73, 0x00]
const depthMax = 100

/** Messages that are embedded in Go: in JSON their fields stand in the object around them. */
export const inlined = new Set([
  "volumeSource",
  "persistentVolumeSource",
  "handler",
  "localObjectReference",
  "ephemeralContainerCommon",
  "ruleWithOperations",
])
/** Numbers that are pointers in Go: 0 is a value and not an absence. */
const zeroMatters = new Set([
  "replicas",
  "runAsUser",
  "runAsGroup",
  "fsGroup",
  "gracePeriodSeconds",
  "terminationGracePeriodSeconds",
  "revisionHistoryLimit",
  "deletionGracePeriodSeconds",
  "tolerationSeconds",
  "exitCode",
  "maxSurge",
  "maxUnavailable",
  "defaultMode",
  "mode",
  "leaseTransitions",
  "restartCount",
  "minReplicas",
  "parallelism",
  "completions",
  "backoffLimit",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
  "ttlSecondsAfterFinished",
  "activeDeadlineSeconds",
  "startingDeadlineSeconds",
  "successfulJobsHistoryLimit",
  "failedJobsHistoryLimit",
  "partition",
  "stabilizationWindowSeconds",
  "currentReplicas",
  "desiredReplicas",
  "disruptionsAllowed",
  "currentHealthy",
  "desiredHealthy",
  "expectedPods",
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "revision",
  "lun",
])

/** The object in the bytes. Throws WireError when they are no such message, or of a kind that is not known. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  if (!magic.every((byte, at) => bytes[at] === byte)) throw new WireError("the body does not start with k8s\\0")
  let apiVersion = ""
  let kind = ""
  let raw = new Uint8Array()
  for (const { number, value } of readFields(bytes.subarray(magic.length))) {
    if (typeof value === "bigint") continue
    if (number === 2) raw = new Uint8Array(value)
    if (number !== 1) continue
    for (const field of readFields(value)) {
      if (typeof field.value === "bigint") continue
      if (field.number === 1) apiVersion = text(field.value)
      if (field.number === 2) kind = text(field.value)
    }
  }
  const name =
    kinds[`${apiVersion}/${kind}`] ?? (kind === "DeleteOptions" ? kinds["meta.k8s.io/v1/DeleteOptions"] : undefined)
  if (name === undefined)
    throw new WireError(`no kind "${kind}" in version "${apiVersion}" is known in protobuf; send it as JSON`)
  return { apiVersion, kind, ...(decodeMessage(raw, name, 0) as JsonObject) }
}

function decodeMessage(bytes: Uint8Array, name: string, depth: number): unknown {
  if (depth > depthMax) throw new WireError(`nested deeper than ${depthMax} levels`)
  const special = specials[name]
  if (special) return special(bytes)
  const fields = messages[name]
  if (!fields) throw new WireError(`unknown message ${name}`)
  const object: JsonObject = {}
  for (const { number, value } of readFields(bytes)) {
    const field = fields[String(number)]
    if (field) put(object, field, value, depth)
  }
  return object
}

function put(object: JsonObject, [name, type]: Field, value: bigint | Uint8Array, depth: number): void {
  if (type.startsWith("*")) {
    object[name] ??= []
    ;(object[name] as unknown[]).push(decodeValue(value, type.slice(1), depth))
    return
  }
  if (type.startsWith("%")) {
    object[name] ??= {}
    putEntry(object[name] as JsonObject, value, type.slice(1), depth)
    return
  }
  const decoded = decodeValue(value, type, depth)
  if (inlined.has(name) || type.endsWith(".Rule")) Object.assign(object, decoded)
  else if (!isAbsent(name, decoded)) object[name] = decoded
}

/** Go writes every field that is no pointer: an empty one says nothing. */
function isAbsent(name: string, value: unknown): boolean {
  return value === undefined || value === "" || (value === 0 && !zeroMatters.has(name))
}

function putEntry(map: JsonObject, entry: bigint | Uint8Array, type: string, depth: number): void {
  if (typeof entry === "bigint") throw new WireError("a map entry must be a message")
  let key = ""
  let value: unknown = ""
  for (const field of readFields(entry)) {
    if (field.number === 1 && typeof field.value !== "bigint") key = text(field.value)
    if (field.number === 2) value = decodeValue(field.value, type, depth)
  }
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}

function decodeValue(value: bigint | Uint8Array, type: string, depth: number): unknown {
  if (typeof value === "bigint") return type === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value))
  if (type === "string") return text(value)
  if (type === "bytes") return Buffer.from(value).toString("base64")
  return decodeMessage(value, type, depth + 1)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")
}

/** Messages that JSON writes as something else than an object of their fields. */
const specials: Record<string, (bytes: Uint8Array) => unknown> = {
  "m.api.resource.Quantity": (bytes) => fieldText(bytes, 1),
  "m.apis.meta.v1.Time": (bytes) => time(bytes, 0),
  "m.apis.meta.v1.MicroTime": (bytes) => time(bytes, 6),
  "m.apis.meta.v1.FieldsV1": (bytes) => JSON.parse(fieldText(bytes, 1) || "{}"),
  "m.runtime.RawExtension": (bytes) => JSON.parse(fieldText(bytes, 1) || "null"),
  "m.util.intstr.IntOrString": intOrString,
  "a.authentication.v1.ExtraValue": fieldTexts,
  "a.authorization.v1.ExtraValue": fieldTexts,
  "a.certificates.v1.ExtraValue": fieldTexts,
}

function fieldText(bytes: Uint8Array, number: number): string {
  for (const field of readFields(bytes)) {
    if (field.number === number && typeof field.value !== "bigint") return text(field.value)
  }
  return ""
}

/** A list that Go cannot keep in a map but as a message. */
function fieldTexts(bytes: Uint8Array): string[] {
  const texts: string[] = []
  for (const { value } of readFields(bytes)) if (typeof value !== "bigint") texts.push(text(value))
  return texts
}

function fieldNumber(bytes: Uint8Array, number: number): number {
  for (const field of readFields(bytes)) {
    if (field.number === number && typeof field.value === "bigint") return Number(BigInt.asIntN(64, field.value))
  }
  return 0
}

function intOrString(bytes: Uint8Array): number | string {
  return fieldNumber(bytes, 1) === 0 ? fieldNumber(bytes, 2) : fieldText(bytes, 3)
}

/** RFC 3339 with so many digits of the second; a time that was never set is absent. */
function time(bytes: Uint8Array, digits: 0 | 6): string | undefined {
  const seconds = fieldNumber(bytes, 1)
  if (seconds === 0) return undefined
  const iso = new Date(seconds * 1_000).toISOString().slice(0, 19)
  const micros = String(Math.floor(fieldNumber(bytes, 2) / 1_000)).padStart(6, "0")
  return digits === 0 ? `${iso}Z` : `${iso}.${micros}Z`
}
