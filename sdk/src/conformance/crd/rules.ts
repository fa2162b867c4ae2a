import { equal, holds, isRefusal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { defined, definition, definitions, schemaOf, version } from "./definition.ts"

const rules = (...validations: object[]) => ({ "x-kubernetes-validations": validations })
const range = { min: { type: "integer" }, max: { type: "integer" } }

export const ruling: Statement = (it) => {
  it("a rule judges an object, with a message of its own", async (world) => {
    const rule = { rule: "self.min <= self.max", message: "min is above max" }
    const custom = await defined(world, { versions: [version(schemaOf(range, rules(rule)))] })
    const make = (spec: object) => world.wire("POST", custom.path(), custom.object("a", { spec }))
    isRefusal((await make({ min: 3, max: 2 })).body, {
      reason: "Invalid",
      code: 422,
      message: /min is above max/,
      fields: ["spec"],
      causes: ["FieldValueInvalid"],
    })
    equal((await make({ min: 1, max: 2 })).code, 201)
  })

  it("a rule may compute its message, name a reason and point to a field", async (world) => {
    const rule = {
      rule: "self.min <= self.max",
      messageExpression: "'max must be at least ' + string(self.min)",
      reason: "FieldValueForbidden",
      fieldPath: ".max",
    }
    const custom = await defined(world, { versions: [version(schemaOf(range, rules(rule)))] })
    const { body } = await world.wire("POST", custom.path(), custom.object("a", { spec: { min: 3, max: 2 } }))
    isRefusal(body, {
      reason: "Invalid",
      message: /max must be at least 3/,
      fields: ["spec.max"],
      causes: ["FieldValueForbidden"],
    })
  })

  it("a rule about a change is asked only of a change", async (world) => {
    const properties = { color: { type: "string", ...rules({ rule: "self == oldSelf", message: "stays" }) } }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    const { code } = await world.wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    equal(code, 201)
    const { body } = await world.patch("merge", custom.path("/a"), { spec: { color: "blue" } })
    isRefusal(body, { reason: "Invalid", message: /stays/, fields: ["spec.color"] })
  })

  it("a rule may ask for what was before only where there was something", async (world) => {
    const rule = { rule: "!oldSelf.hasValue() || self >= oldSelf.value()", optionalOldSelf: true, message: "grows" }
    const properties = { size: { type: "integer", ...rules(rule) } }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    equal((await world.wire("POST", custom.path(), custom.object("a", { spec: { size: 2 } }))).code, 201)
    equal((await world.patch("merge", custom.path("/a"), { spec: { size: 3 } })).code, 200)
    equal((await world.patch("merge", custom.path("/a"), { spec: { size: 1 } })).code, 422)
  })

  it("rules know the libraries of Kubernetes", async (world) => {
    const properties = {
      url: { type: "string", ...rules({ rule: "isURL(self) && url(self).getScheme() == 'https'" }) },
      memory: { type: "string", ...rules({ rule: "quantity(self).isLessThan(quantity('1Gi'))" }) },
      address: { type: "string", ...rules({ rule: "isIP(self) && ip(self).family() == 4" }) },
      names: {
        type: "array",
        maxItems: 5,
        items: { type: "string", maxLength: 10 },
        ...rules({ rule: "self.isSorted() && self.all(n, n.matches('^[a-z]+$'))" }),
      },
    }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    const good = { url: "https://a.example", memory: "512Mi", address: "10.0.0.1", names: ["a", "b"] }
    equal((await world.wire("POST", custom.path(), custom.object("a", { spec: good }))).code, 201)
    const bad = { url: "http://a.example", memory: "2Gi", address: "::1", names: ["b", "a"] }
    const { body } = await world.wire("POST", custom.path(), custom.object("b", { spec: bad }))
    isRefusal(body, { reason: "Invalid", fields: ["spec.url", "spec.memory", "spec.address", "spec.names"] })
  })

  it("a rule that cannot be read, or costs too much, is no rule", async ({ wire, unique }) => {
    const group = `${unique("crd")}.example.com`
    const broken = [version(schemaOf(range, rules({ rule: "self.min <" })))]
    const { body } = await wire("POST", definitions, definition(group, { versions: broken }))
    isRefusal(body, { reason: "Invalid", message: /compilation failed/ })
    const unknown = [version(schemaOf(range, rules({ rule: "self.size > 1" })))]
    says(
      (await wire("POST", definitions, definition(group, { versions: unknown }))).body.message,
      /undefined field 'size'/,
    )
    const list = { type: "array", items: { type: "string" }, ...rules({ rule: "self.all(a, self.all(b, a == b))" }) }
    const dear = [version(schemaOf({ names: list }))]
    const { body: cost } = await wire("POST", definitions, definition(group, { versions: dear }))
    isRefusal(cost, { reason: "Invalid", message: /exceeds budget/ })
  })

  it("what was wrong before the schema said so may stay, and may not come anew", async (world) => {
    const { wire, patch } = world
    const custom = await defined(world, {
      versions: [version(schemaOf({ size: { type: "integer" }, note: { type: "string" } }))],
    })
    await wire("POST", custom.path(), custom.object("a", { spec: { size: 20 } }))
    const versions = [version(schemaOf({ size: { type: "integer", maximum: 10 }, note: { type: "string" } }))]
    await patch("merge", `${definitions}/${custom.name}`, { spec: { versions } })
    await eventually(world.clock, async () => {
      const { code } = await wire("POST", custom.path("?dryRun=All"), custom.object("b", { spec: { size: 20 } }))
      equal(code, 422)
    })
    const kept = await patch("merge", custom.path("/a"), { spec: { note: "kept" } })
    equal(kept.code, 200)
    equal((await patch("merge", custom.path("/a"), { spec: { size: 21 } })).code, 422)
    holds((await patch("merge", custom.path("/a"), { spec: { size: 9 } })).code === 200, "mended")
  })
}
