import { WireError, WireWriter } from "@wick/sdk/protobuf"
import { magic } from "./decode.ts"
import { type Field, type Message, messageOf, messageOfKind } from "./messages.ts"

/**
 * Objects as `application/vnd.kubernetes.protobuf`. A field is written when JSON has it: JSON as Kubernetes writes it
 * leaves out zeros of what is no pointer, and a message without them is read as an equal object. Maps are written in the
 * order of their keys, fields in the order of their numbers, so that the same object has the same bytes.
 */
type JsonObject = Record<string, unknown>

/** The object's bytes with their envelope. Throws WireError when its kind has no message. */
export function encodeProtobuf(object: JsonObject): Buffer {
  const apiVersion = String(object.apiVersion)
  const kind = String(object.kind)
  const message = messageOfKind(apiVersion, kind)
  if (!message) throw new WireError(`no kind "${kind}" in version "${apiVersion}" is known in protobuf`)
  const writer = new WireWriter()
  writeUnpacked(writer)
  const before = writer.length
  writeMessage(writer, message, object)
  writer.head(2, before)
  writeTypeMeta(writer, apiVersion, kind)
  writer.raw(magic)
  return writer.finish()
}

/**
 * A large list as `encodeProtobuf` writes it, in pieces that make the same bytes one after the other. Of protobuf all is
 * measured before the first byte goes out; `breathe` lets others have their turn between two runs of items.
 */
export async function encodeProtobufList(
  { apiVersion, kind, metadata }: { readonly apiVersion: string; readonly kind: string; readonly metadata: object },
  runs: Iterable<readonly JsonObject[]>,
  breathe: () => Promise<unknown>,
): Promise<Buffer[]> {
  const message = messageOfKind(apiVersion, kind)
  const field = message?.fields.find(({ name }) => name === "items")
  if (!message || !field) throw new WireError(`no list "${kind}" in version "${apiVersion}" is known in protobuf`)
  const pieces = [written((writer) => writeMessage(writer, message, { metadata }))]
  for (const run of runs) {
    pieces.push(written((writer) => writeList(writer, field, run)))
    await breathe()
  }
  const head = written((writer) => {
    writer.varint(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
    writer.varint(2 * 8 + 2)
    writeTypeMeta(writer, apiVersion, kind)
    writer.raw(magic)
  })
  return [head, ...pieces, written(writeUnpacked)]
}

function written(write: (writer: WireWriter) => void): Buffer {
  const writer = new WireWriter()
  write(writer)
  return writer.finish()
}

/** Go writes these two always, empty as they are for what is not packed in anything else. */
function writeUnpacked(writer: WireWriter): void {
  writer.text(4, "")
  writer.text(3, "")
}

/** Whether the kind of an object has a message. */
export function hasMessage({ apiVersion, kind }: JsonObject): boolean {
  return messageOfKind(String(apiVersion), String(kind)) !== undefined
}

/** An event of a watch with the object's own envelope inside, as a frame: its length in four bytes, then the message. */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  const writer = new WireWriter()
  writer.bytes(1, object)
  writer.head(2, 0)
  writer.text(1, type)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(writer.length)
  writer.raw(size)
  return writer.finish()
}

function writeTypeMeta(writer: WireWriter, apiVersion: string, kind: string): void {
  const before = writer.length
  writer.text(2, kind)
  writer.text(1, apiVersion)
  writer.head(1, before)
}

function writeMessage(writer: WireWriter, { fields }: Message, object: JsonObject): void {
  for (let at = fields.length - 1; at >= 0; at--) {
    const field = fields[at] as Field
    if (field.inlined) {
      const before = writer.length
      writeMessage(writer, requireMessage(field.type), object)
      if (writer.length > before) writer.head(field.number, before)
      continue
    }
    const value = object[field.name]
    if (value === undefined || value === null) continue
    if (field.shape === "one") writeValue(writer, field, field.number, value)
    else if (field.shape === "list") writeList(writer, field, value as readonly unknown[])
    else writeMap(writer, field, value as JsonObject)
  }
}

function writeList(writer: WireWriter, field: Field, values: readonly unknown[]): void {
  for (let at = values.length - 1; at >= 0; at--) writeValue(writer, field, field.number, values[at])
}

function writeMap(writer: WireWriter, field: Field, map: JsonObject): void {
  const keys = Object.keys(map).toSorted().reverse()
  for (const key of keys) {
    const before = writer.length
    writeValue(writer, field, 2, map[key])
    writer.text(1, key)
    writer.head(field.number, before)
  }
}

function writeValue(writer: WireWriter, { type }: Field, number: number, value: unknown): void {
  switch (type) {
    case "string":
      writer.text(number, String(value))
      break
    case "bytes":
      writer.bytes(number, Buffer.from(String(value), "base64"))
      break
    case "bool":
      writer.number(number, value === true ? 1 : 0)
      break
    case "int32":
    case "int64":
      writer.number(number, Number(value))
      break
    case "double":
      writer.double(number, Number(value))
      break
    default:
      writeTyped(writer, type, number, value)
  }
}

function writeTyped(writer: WireWriter, type: string, number: number, value: unknown): void {
  const before = writer.length
  const fields = specials[type]?.(value) ?? value
  if (typeof fields === "object" && fields !== null) writeMessage(writer, requireMessage(type), fields as JsonObject)
  writer.head(number, before)
}

function requireMessage(name: string): Message {
  const message = messageOf(name)
  if (!message) throw new WireError(`unknown message ${name}`)
  return message
}

/** Messages that JSON writes as something else than an object of their fields: the fields of the value. */
const specials: Record<string, (value: unknown) => JsonObject> = {
  "resource.Quantity": (value) => ({ string: String(value) }),
  "meta.v1.Time": time,
  "meta.v1.MicroTime": time,
  "meta.v1.FieldsV1": (value) => ({ Raw: json(value) }),
  "meta.v1.Verbs": (items) => ({ items }),
  "runtime.RawExtension": (value) => ({ raw: json(value) }),
  "apiextensions.v1.JSON": (value) => ({ raw: json(value) }),
  "intstr.IntOrString": (value) =>
    typeof value === "number" ? { type: 0, intVal: value, strVal: "" } : { type: 1, intVal: 0, strVal: value },
  "apiextensions.v1.JSONSchemaPropsOrArray": (value) =>
    Array.isArray(value) ? { jSONSchemas: value } : { schema: value },
  "apiextensions.v1.JSONSchemaPropsOrBool": (value) =>
    typeof value === "boolean" ? { allows: value } : { allows: true, schema: value },
  "apiextensions.v1.JSONSchemaPropsOrStringArray": (value) =>
    Array.isArray(value) ? { property: value } : { schema: value },
  "authentication.v1.ExtraValue": (items) => ({ items }),
  "authorization.v1.ExtraValue": (items) => ({ items }),
  "certificates.v1.ExtraValue": (items) => ({ items }),
}

function json(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64")
}

function time(value: unknown): JsonObject {
  const text = String(value)
  const fraction = /\.(\d{1,9})/.exec(text)?.[1] ?? ""
  return { seconds: Math.floor(Date.parse(text) / 1_000), nanos: Number(fraction.padEnd(9, "0")) }
}
