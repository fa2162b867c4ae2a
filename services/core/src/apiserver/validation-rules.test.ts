import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

const fetchJson = async (method: string, path: string, body?: unknown) => {
  const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const init = { method, headers: { "content-type": "application/json" } }
  const text = body === undefined ? {} : { body: JSON.stringify(body) }
  const response = await fetch(new Request(`http://x${path}`, { ...init, ...text }))
  return { response, answer: (await response.json()) as { message?: string; metadata: object } }
}

/** An update is of the version that there is. */
async function send(method: string, path: string, body: { metadata: object; spec: unknown }): Promise<string> {
  const live = method === "PUT" ? (await fetchJson("GET", path)).answer.metadata : {}
  const { response, answer } = await fetchJson(method, path, { ...body, metadata: { ...live, ...body.metadata } })
  return response.ok ? "" : `${response.status} ${answer.message}`
}

/** Defines a kind whose spec has this schema; the answer's complaint, or nothing. */
function define(plural: string, spec: object, method = "POST"): Promise<string> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
  const name = `${plural}.rules.example.com`
  const kind = plural.slice(0, 1).toUpperCase() + plural.slice(1)
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", ...spec } } } }
  return send(method, method === "POST" ? path : `${path}/${name}`, {
    metadata: { name },
    spec: {
      group: "rules.example.com",
      scope: "Namespaced",
      names: { plural, kind },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  })
}

async function put(plural: string, name: string, spec: unknown, method = "POST"): Promise<string> {
  const path = `/apis/rules.example.com/v1/namespaces/default/${plural}`
  return send(method, method === "POST" ? path : `${path}/${name}`, { metadata: { name }, spec })
}

const at = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]"
const integer = { type: "integer" }

describe("a rule of a definition", () => {
  it("is refused when it does not compile, with the place of the mistake", async () => {
    const answer = await define("wrongs", {
      properties: { a: integer },
      "x-kubernetes-validations": [{ rule: "self.b > 1" }],
    })
    expect(answer).toContain(
      `${at}.rule: Invalid value: "self.b > 1": compilation failed: ERROR: <input>:1:5: undefined field 'b'`,
    )
    const text = await define("wrongs", {
      properties: { a: integer },
      "x-kubernetes-validations": [{ rule: "self.a" }],
    })
    expect(text).toContain(`${at}.rule: Invalid value: "self.a": cel expression must evaluate to a bool`)
    const bare = await define("wrongs", { properties: { a: integer }, "x-kubernetes-validations": [{ message: "m" }] })
    expect(bare).toContain(`${at}.rule: Required value`)
  })

  it("is refused when its lists are so long that it may cost too much", async () => {
    const names = { type: "array", items: { type: "string" } }
    const rules = { "x-kubernetes-validations": [{ rule: "self.names.all(a, self.names.all(b, a == b))" }] }
    const answer = await define("costly", { properties: { names }, ...rules })
    expect(answer).toContain(`${at}.rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x`)
    const bounded = { type: "array", maxItems: 10, items: { type: "string", maxLength: 10 } }
    expect(await define("costly", { properties: { names: bounded }, ...rules })).toBe("")
  })

  it("may not ask for the past of what cannot be told apart", async () => {
    const items = { ...integer, "x-kubernetes-validations": [{ rule: "self >= oldSelf" }] }
    const answer = await define("unrelated", { properties: { list: { type: "array", items } } })
    expect(answer).toContain("oldSelf cannot be used on the uncorrelatable portion of the schema within")
  })
})

describe("an object of a kind with rules", () => {
  it("is refused in the words of the rule it breaks, at the field that the rule names", async () => {
    const properties = { min: integer, max: integer, "with-dash": { type: "string" } }
    const rules = [
      { rule: "self.min <= self.max", message: "min must not be above max" },
      {
        rule: "self.min >= 0",
        messageExpression: "'min is ' + string(self.min)",
        fieldPath: ".min",
        reason: "FieldValueForbidden",
      },
      { rule: "!has(self.with__dash__dash) || self.with__dash__dash != 'no'" },
    ]
    expect(await define("ranges", { properties, "x-kubernetes-validations": rules })).toBe("")
    expect(await put("ranges", "good", { min: 1, max: 2 })).toBe("")
    expect(await put("ranges", "bad", { min: 3, max: 2 })).toBe(
      '422 Ranges.rules.example.com "bad" is invalid: spec: Invalid value: "object": min must not be above max',
    )
    expect(await put("ranges", "bad", { min: -1, max: 2 })).toContain("spec.min: Forbidden: min is -1")
    expect(await put("ranges", "bad", { min: 1, max: 2, "with-dash": "no" })).toContain(
      "failed rule: !has(self.with__dash__dash) || self.with__dash__dash != 'no'",
    )
    expect(await put("ranges", "bad", { min: 1 })).toContain("no such key: max evaluating rule: failed rule: self.min")
  })

  it("is compared with what it was, items by their keys", async () => {
    const item = { type: "object", required: ["name"], properties: { name: { type: "string" }, size: integer } }
    const grows = [{ rule: "self.size >= oldSelf.size", message: "size must not shrink" }]
    const list = {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { ...item, "x-kubernetes-validations": grows },
    }
    expect(await define("disks", { properties: { list } })).toBe("")
    const [a, b] = [
      { name: "a", size: 5 },
      { name: "b", size: 1 },
    ]
    expect(await put("disks", "d", { list: [a, b] })).toBe("")
    expect(await put("disks", "d", { list: [b, a, { name: "c", size: 0 }] }, "PUT")).toBe("")
    expect(await put("disks", "d", { list: [{ name: "a", size: 4 }] }, "PUT")).toContain(
      'spec.list[0]: Invalid value: "object": size must not shrink',
    )
  })

  it("keeps what was wrong before a rule came, until that part is changed", async () => {
    const text = { type: "string" }
    expect(await define("olds", { properties: { mode: text, note: text } })).toBe("")
    expect(await put("olds", "o", { mode: "x", note: "1" })).toBe("")
    const mode = { ...text, maxLength: 5, "x-kubernetes-validations": [{ rule: "self.startsWith('m')" }] }
    const stricter = { properties: { mode, note: { ...text, enum: ["2", "3"] } } }
    expect(await define("olds", stricter, "PUT")).toBe("")
    expect(await put("olds", "o", { mode: "x", note: "2" }, "PUT")).toBe("")
    expect(await put("olds", "o", { mode: "y", note: "2" }, "PUT")).toContain("failed rule: self.startsWith('m')")
    expect(await put("olds", "new", { mode: "x", note: "2" })).toContain("failed rule: self.startsWith('m')")
  })
})
