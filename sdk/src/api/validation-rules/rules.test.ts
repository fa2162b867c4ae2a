import { describe, expect, it } from "vitest"
import { describeFieldError } from "../meta/field-error.ts"
import type { JsonSchema } from "../structural/index.ts"
import { compileRules, runRules } from "./index.ts"

const text = (maxLength: number): JsonSchema => ({ type: "string", maxLength })
const spec = (schema: JsonSchema): JsonSchema => ({ type: "object", properties: { spec: schema } })

function broken(schema: JsonSchema, value: unknown, old?: unknown): string[] {
  const { rules, errors } = compileRules(spec(schema), "schema")
  expect(errors).toEqual([])
  if (!rules) return []
  return runRules(rules, { spec: value }, old === undefined ? undefined : { spec: old }).map(describeFieldError)
}

describe("rules that are in use elsewhere", () => {
  it("fit into the limits of cost: listeners of a gateway, compared pair by pair", () => {
    const properties = { name: text(253), hostname: text(253), port: { type: "integer" }, protocol: text(255) }
    const sameHost =
      "(has(a.hostname) && has(b.hostname) ? a.hostname == b.hostname : !has(a.hostname) && !has(b.hostname))"
    const rule = `self.all(a, self.exists_one(b, a.port == b.port && a.protocol == b.protocol && ${sameHost}))`
    const listeners = {
      type: "array",
      maxItems: 64,
      items: { type: "object", properties },
      "x-kubernetes-validations": [{ rule }],
    }
    const one = { name: "a", port: 80, protocol: "HTTP" }
    expect(broken(listeners, [one, { ...one, port: 81 }])).toEqual([])
    expect(broken(listeners, [one, { ...one, name: "b" }])).toEqual([
      `spec: Invalid value: "array": failed rule: ${rule}`,
    ])
  })

  it("find texts of formats, and numbers that may be texts, in types of their own", () => {
    const schema = {
      type: "object",
      properties: {
        at: { type: "string", format: "date-time" },
        wait: { type: "string", format: "duration" },
        port: { "x-kubernetes-int-or-string": true },
      },
      "x-kubernetes-validations": [
        { rule: "self.at < timestamp('2030-01-01T00:00:00Z')" },
        { rule: "self.wait <= duration('1m')" },
        { rule: "type(self.port) == int ? self.port < 1024 : self.port.startsWith('h')" },
      ],
    }
    expect(broken(schema, { at: "2026-01-01T00:00:00Z", wait: "59s", port: 80 })).toEqual([])
    expect(broken(schema, { at: "2031-01-01T00:00:00Z", wait: "2m", port: "x" })).toHaveLength(3)
  })
})

describe("an object whose fields the schema leaves open", () => {
  it("may be asked for, but not looked into", () => {
    const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true }
    const rule = (text: string): JsonSchema => ({
      type: "object",
      properties: { open },
      "x-kubernetes-validations": [{ rule: text }],
    })
    expect(broken(rule("has(self.open)"), { open: { a: 1 } })).toEqual([])
    expect(broken(rule("has(self.open)"), {})).toHaveLength(1)
    const { errors } = compileRules(spec(rule("self.open.a == 1")), "schema")
    expect(errors.map(describeFieldError).join()).toContain("undefined field 'a'")
  })
})

describe("lists in which order says nothing", () => {
  it("are equal in any order, and joined item by item", () => {
    const items = { type: "object", properties: { name: text(9), n: { type: "integer" } } }
    const list = {
      type: "array",
      maxItems: 9,
      items,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    }
    const schema = {
      type: "object",
      properties: { set: { type: "array", maxItems: 9, items: text(9), "x-kubernetes-list-type": "set" }, list },
      "x-kubernetes-validations": [
        { rule: "self.set == oldSelf.set", message: "set" },
        { rule: "self.list == oldSelf.list", message: "list" },
        { rule: "(self.set + oldSelf.set).size() == self.set.size()", message: "joined" },
      ],
    }
    const [a, b] = [
      { name: "a", n: 1 },
      { name: "b", n: 2 },
    ]
    expect(broken(schema, { set: ["x", "y"], list: [a, b] }, { set: ["y", "x"], list: [b, a] })).toEqual([])
    expect(broken(schema, { set: ["x"], list: [a] }, { set: ["y"], list: [b] })).toHaveLength(3)
  })
})

describe("the budget of an object", () => {
  it("ends with one message, however many rules are left", () => {
    const rule = "self.all(a, self.all(b, self.all(c, a + b + c >= 0)))"
    const list = {
      type: "array",
      maxItems: 90,
      items: { type: "integer" },
      "x-kubernetes-validations": [{ rule }, { rule }],
    }
    const errors = broken(
      list,
      Array.from({ length: 1000 }, (_, index) => index),
    )
    expect(errors).toHaveLength(1)
    expect(errors[0]).toContain("no further validation rules will be run due to call cost exceeds limit for rule")
  })
})
