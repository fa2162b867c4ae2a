import type { AnyObject } from "@wick/sdk/api"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { expect, it } from "vitest"
import { configMaps, secrets } from "./secret.ts"

const object = (fields: object): AnyObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, ...fields })
const mistakes = (strategy: typeof secrets, fields: object, old?: object): string[] =>
  (strategy.validate?.(object(fields), old && object(old)) ?? []).map(describeFieldError)

it("puts what was written in plain into data", () => {
  const secret = object({ data: { a: "eA==" }, stringData: { b: "y" } })
  secrets.prepareCreate?.(secret, 0)
  expect(secret).toEqual(object({ data: { a: "eA==", b: "eQ==" } }))
})

it("names keys that could be no file's name, and values that are no base64", () => {
  expect(mistakes(secrets, { data: { "a/b": "eA==" } })[0]).toMatch(
    /^data\[a\/b\]: Invalid value: "a\/b": a valid config/,
  )
  expect(mistakes(secrets, { data: { "..": "eA==" } })).toHaveLength(1)
  expect(mistakes(secrets, { data: { a: "not base64!" } })).toEqual(["data[a]: Invalid value: must be base64"])
})

it("never repeats a secret's value in what it says", () => {
  expect(mistakes(secrets, { data: { a: "hunter2!" } }).join()).not.toContain("hunter2")
})

it("holds at most a mebibyte, and no key twice", () => {
  const large = { data: { a: "x".repeat(1024 * 1024 + 1) } }
  expect(mistakes(configMaps, large)).toEqual(["data: Too long: may not be more than 1048576 bytes"])
  expect(mistakes(configMaps, { data: { a: "" }, binaryData: { a: "" } })[0]).toContain(
    "duplicate of key present in data",
  )
})

it("keeps what is immutable as it is", () => {
  const before = { immutable: true, data: { a: "eA==" } }
  expect(mistakes(secrets, before, before)).toEqual([])
  expect(mistakes(secrets, { data: { a: "eA==" } }, before)).toHaveLength(1)
})

it.each([
  ["kubernetes.io/tls", { data: { "tls.crt": "eA==" } }, ["data[tls.key]: Required value"]],
  ["kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]],
  ["kubernetes.io/basic-auth", { data: { password: "eA==" } }, []],
  ["kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]],
  [
    "kubernetes.io/dockerconfigjson",
    { data: { ".dockerconfigjson": "aHVudGVyMg==" } },
    ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": not a valid JSON object'],
  ],
  [
    "kubernetes.io/service-account-token",
    {},
    ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
  ],
])("holds what its type %s asks for", (type, fields, said) => {
  expect(mistakes(secrets, { type, ...fields })).toEqual(said)
})
