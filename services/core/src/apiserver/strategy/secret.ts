import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { typeMistakes } from "./secret-type.ts"
import type { Strategy } from "./strategy.ts"

interface SecretView {
  data?: Record<string, string>
  stringData?: Record<string, string>
  binaryData?: Record<string, string>
  type?: string
  immutable?: boolean
}

/** `stringData` is for writing only: its values join `data` in base64. */
export const secrets: Strategy = {
  prepareCreate: (object) => encode(object as unknown as SecretView),
  prepareUpdate: (object) => encode(object as unknown as SecretView),
  validate(object, old) {
    const secret = object as unknown as SecretView
    const before = old as unknown as SecretView | undefined
    const mistakes: FieldError[] = []
    if (before && secret.type !== before.type) {
      mistakes.push({ type: "Invalid", field: "type", value: secret.type, detail: "field is immutable" })
    }
    return [
      ...mistakes,
      ...dataMistakes(secret, decodedLength),
      ...base64Mistakes(secret),
      ...typeMistakes(secret, object.metadata.annotations),
      ...frozen(secret, before),
    ]
  },
}

export const configMaps: Strategy = {
  validate(object, old) {
    const map = object as unknown as SecretView
    return [
      ...dataMistakes(map, (value) => Buffer.byteLength(value)),
      ...frozen(map, old as unknown as SecretView | undefined),
    ]
  },
}

function encode(secret: SecretView): void {
  if (!secret.stringData) return
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")])
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) }
  delete secret.stringData
}

/** Keys become names of files. */
const keyPattern = /^[-._a-zA-Z0-9]+$/
const keyMax = 253
const bytesMax = 1024 * 1024

/** Of base64: four letters are three bytes. */
const decodedLength = (value: string): number => Math.floor((value.length * 3) / 4)

function keyMistakes(field: string, key: string): FieldError[] {
  if (key.length <= keyMax && keyPattern.test(key) && key !== "." && !key.startsWith("..")) return []
  const detail =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
  return [{ type: "Invalid", field: `${field}[${key}]`, value: key, detail }]
}

function dataMistakes({ data = {}, binaryData = {} }: SecretView, lengthOf: (value: string) => number): FieldError[] {
  const mistakes: FieldError[] = []
  for (const key in data) mistakes.push(...keyMistakes("data", key))
  for (const key in binaryData) {
    if (key in data) {
      const detail = "duplicate of key present in data"
      mistakes.push({ type: "Invalid", field: `binaryData[${key}]`, value: key, detail })
    } else mistakes.push(...keyMistakes("binaryData", key))
  }
  const total = (values: Record<string, string>, each: (value: string) => number): number =>
    Object.values(values).reduce((sum, value) => sum + each(value), 0)
  const size = total(data, lengthOf) + total(binaryData, decodedLength)
  if (size <= bytesMax) return mistakes
  return [...mistakes, { type: "TooLong", field: "data", detail: `may not be more than ${bytesMax} bytes` }]
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function base64Mistakes({ data = {} }: SecretView): FieldError[] {
  return Object.entries(data).flatMap(([key, value]): FieldError[] =>
    base64.test(value) ? [] : [{ type: "Invalid", field: `data[${key}]`, detail: "must be base64" }],
  )
}

function frozen(object: SecretView, old: SecretView | undefined): FieldError[] {
  if (!old?.immutable || (object.immutable && jsonEqual(object.data ?? {}, old.data ?? {}))) return []
  return [{ type: "Forbidden", field: "data", detail: "field is immutable when `immutable` is set" }]
}
