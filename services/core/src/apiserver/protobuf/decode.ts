import { WireError, WireReader } from "@wick/sdk/protobuf"
import { type Field, type Message, messageOf, messageOfKind } from "./messages.ts"

/**
 * Objects in `application/vnd.kubernetes.protobuf`, as Go clients send built-in kinds: four magic bytes, then a message
 * that names the kind and holds the object's own message.
 */
type JsonObject = Record<string, unknown>

export const magic = Buffer.from("k8s\0")
const depthMax = 100

/** The object in the bytes. Throws WireError when they are no such message, or of a kind that is not known. */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  if (!magic.equals(bytes.subarray(0, magic.length))) throw new WireError("the body does not start with k8s\\0")
  const reader = new WireReader(bytes, magic.length)
  let apiVersion = ""
  let kind = ""
  let raw = new WireReader(new Uint8Array())
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    if (number === 2) raw = reader.message()
    else if (number === 1) {
      const named = decodeMessage(reader.message(), typeMeta, 0) as { apiVersion?: string; kind?: string }
      apiVersion = named.apiVersion ?? ""
      kind = named.kind ?? ""
    } else reader.skip()
  }
  const message = messageOfKind(apiVersion, kind)
  if (message === undefined)
    throw new WireError(`no kind "${kind}" in version "${apiVersion}" is known in protobuf; send it as JSON`)
  return { apiVersion, kind, ...(decodeMessage(raw, message, 0) as JsonObject) }
}

const typeMeta = requireMessage("runtime.TypeMeta")

function requireMessage(name: string): Message {
  const message = messageOf(name)
  if (!message) throw new WireError(`unknown message ${name}`)
  return message
}

function decodeMessage(reader: WireReader, message: Message, depth: number): unknown {
  if (depth > depthMax) throw new WireError(`nested deeper than ${depthMax} levels`)
  const object: JsonObject = {}
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    const field = message.byNumber.get(number)
    if (field) put(object, field, reader, depth)
    else reader.skip()
  }
  return object
}

function put(object: JsonObject, field: Field, reader: WireReader, depth: number): void {
  const { name, shape } = field
  if (shape === "list") {
    object[name] ??= []
    ;(object[name] as unknown[]).push(decodeValue(reader, field, depth))
    return
  }
  if (shape === "map") {
    object[name] ??= {}
    putEntry(object[name] as JsonObject, reader.message(), field, depth)
    return
  }
  const decoded = decodeValue(reader, field, depth)
  if (field.inlined) Object.assign(object, decoded)
  else if (decoded !== undefined && (field.keepsZero || !isZero(field, decoded))) object[name] = decoded
}

/** Go writes every field that is no pointer: an empty one says nothing. Messages that JSON writes as `false` are behind one. */
function isZero({ type, isMessage }: Field, value: unknown): boolean {
  if (isMessage && type !== "intstr.IntOrString") return false
  return value === "" || value === 0 || value === false
}

function putEntry(map: JsonObject, entry: WireReader, field: Field, depth: number): void {
  let key = ""
  let value: unknown = field.isMessage ? decodeEmpty(field, depth) : ""
  for (let number = entry.next(); number !== 0; number = entry.next()) {
    if (number === 1) key = entry.text()
    else if (number === 2) value = decodeValue(entry, field, depth)
    else entry.skip()
  }
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}

function decodeValue(reader: WireReader, { type }: Field, depth: number): unknown {
  switch (type) {
    case "string":
      return reader.text()
    case "bytes":
      return reader.bytes().toString("base64")
    case "bool":
      return reader.number() !== 0
    case "int32":
    case "int64":
      return reader.number()
    case "double":
      return reader.double()
    default:
      return decodeTyped(reader.message(), type, depth)
  }
}

function decodeEmpty({ type }: Field, depth: number): unknown {
  return decodeTyped(new WireReader(new Uint8Array()), type, depth)
}

function decodeTyped(reader: WireReader, type: string, depth: number): unknown {
  const special = specials[type]
  const message = requireMessage(type)
  if (!special) return decodeMessage(reader, message, depth + 1)
  const wasEmpty = reader.isEmpty
  return special(decodeMessage(reader, message, depth + 1) as JsonObject, wasEmpty)
}

/** Messages that JSON writes as something else than an object of their fields, made of these. */
const specials: Record<string, (fields: JsonObject, wasEmpty: boolean) => unknown> = {
  "resource.Quantity": ({ string }) => string ?? "0",
  "meta.v1.Time": (fields, wasEmpty) => (wasEmpty ? undefined : time(fields, 0)),
  "meta.v1.MicroTime": (fields, wasEmpty) => (wasEmpty ? undefined : time(fields, 6)),
  "meta.v1.FieldsV1": ({ Raw }) => json(Raw, "{}"),
  "meta.v1.Verbs": ({ items }) => items ?? [],
  "runtime.RawExtension": ({ raw }) => json(raw, "null"),
  "apiextensions.v1.JSON": ({ raw }) => json(raw, "null"),
  "intstr.IntOrString": ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? "") : (intVal ?? 0)),
  "apiextensions.v1.JSONSchemaPropsOrArray": ({ schema, jSONSchemas }) => jSONSchemas ?? schema,
  "apiextensions.v1.JSONSchemaPropsOrBool": ({ schema, allows }) => schema ?? allows === true,
  "apiextensions.v1.JSONSchemaPropsOrStringArray": ({ schema, property }) => schema ?? property ?? [],
  "apiextensions.v1.CustomResourceSubresourceStatus": () => ({}),
  "authentication.v1.ExtraValue": ({ items }) => items ?? [],
  "authorization.v1.ExtraValue": ({ items }) => items ?? [],
  "certificates.v1.ExtraValue": ({ items }) => items ?? [],
}

function json(base64: unknown, empty: string): unknown {
  return JSON.parse(typeof base64 === "string" ? Buffer.from(base64, "base64").toString("utf8") : empty)
}

/** RFC 3339 with so many digits of the second. */
function time({ seconds = 0, nanos = 0 }: { seconds?: number; nanos?: number }, digits: 0 | 6): string {
  const date = new Date(seconds * 1_000)
  if (Number.isNaN(date.getTime())) throw new WireError(`${seconds} s are no time`)
  const iso = date.toISOString().replace(/\..*$/, "")
  return digits === 0 ? `${iso}Z` : `${iso}.${String(Math.floor(nanos / 1_000)).padStart(6, "0")}Z`
}
