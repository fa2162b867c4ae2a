import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

interface SecretView {
  data?: Record<string, string>
  stringData?: Record<string, string>
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
    return [...mistakes, ...frozen(secret, before)]
  },
}

export const configMaps: Strategy = {
  validate: (object, old) => frozen(object as unknown as SecretView, old as unknown as SecretView | undefined),
}

function encode(secret: SecretView): void {
  if (!secret.stringData) return
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")])
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) }
  delete secret.stringData
}

function frozen(object: SecretView, old: SecretView | undefined): FieldError[] {
  if (!old?.immutable || (object.immutable && jsonEqual(object.data ?? {}, old.data ?? {}))) return []
  return [{ type: "Forbidden", field: "data", detail: "field is immutable when `immutable` is set" }]
}
