import { CustomResourceDefinition } from "../../api/apiextensions/custom-resource-definition.ts"
import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { color, defined, definition, definitions, schemaOf, version } from "./definition.ts"

export const serving: Statement = (it) => {
  it("a definition is established, and its kind discovered", async (world) => {
    const { client, wire } = world
    const { name, group } = await defined(world)
    const { status } = await client.get(CustomResourceDefinition, { name })
    const held = (status?.conditions ?? []).filter((each) => each.status === "True").map(({ type }) => type)
    holds(held.includes("NamesAccepted"), "its names are accepted")
    equal(status?.storedVersions, ["v1"])
    includes(status?.acceptedNames ?? {}, { plural: "things", kind: "Thing", listKind: "ThingList" })
    const resources = await eventually(world.clock, async () => {
      const { body } = await wire("GET", `/apis/${group}/v1`)
      holds(body?.resources?.length > 0, "discovered")
      return body.resources
    })
    includes(resources[0], {
      name: "things",
      singularName: "thing",
      kind: "Thing",
      namespaced: true,
      shortNames: ["tng"],
    })
  })

  it("a custom object is made, read, changed and deleted like any other", async (world) => {
    const { wire, patch } = world
    const custom = await defined(world)
    const { code, body } = await wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    equal(code, 201)
    equal(body.metadata.generation, 1)
    const changed = await patch("merge", custom.path("/a"), { spec: { color: "blue" } })
    equal([changed.body.spec, changed.body.metadata.generation], [{ color: "blue" }, 2])
    const list = await wire("GET", custom.path())
    equal([list.body.kind, list.body.items[0].kind], ["ThingList", "Thing"])
    equal((await wire("DELETE", custom.path("/a"))).code, 200)
    equal((await wire("GET", custom.path("/a"))).body.message, `things.${custom.group} "a" not found`)
  })

  it("an update of a custom object says which version it was made of", async (world) => {
    const custom = await defined(world)
    await world.wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    const { body } = await world.wire("PUT", custom.path("/a"), custom.object("a", { spec: { color: "blue" } }))
    isRefusal(body, {
      reason: "Invalid",
      code: 422,
      message: /metadata\.resourceVersion: Invalid value: .*must be specified for an update/,
      fields: ["metadata.resourceVersion"],
    })
  })

  it("a strategic patch is not for custom objects", async (world) => {
    const custom = await defined(world)
    await world.wire("POST", custom.path(), custom.object("a"))
    const { body } = await world.patch("strategic", custom.path("/a"), { spec: {} })
    const message = /include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch/
    isRefusal(body, { reason: "UnsupportedMediaType", code: 415, message })
  })

  it("a kind may be in no namespace", async (world) => {
    const custom = await defined(world, { scope: "Cluster" })
    const { body } = await world.wire("POST", custom.path(), custom.object("a"))
    equal([body.metadata.name, body.metadata.namespace], ["a", undefined])
  })

  it("a definition is named after its kind, and one version is stored", async ({ wire, unique }) => {
    const group = `${unique("crd")}.example.com`
    const misnamed = { ...definition(group), metadata: { name: `others.${group}` } }
    isRefusal((await wire("POST", definitions, misnamed)).body, { reason: "Invalid", fields: ["metadata.name"] })
    const versions = ["v1", "v2"].map((name) => version(schemaOf(color), { name }))
    const { body } = await wire("POST", definitions, definition(group, { versions }))
    isRefusal(body, { reason: "Invalid", message: /must have exactly one version marked as storage version/ })
  })

  it("a schema says of every field what it is", async ({ wire, unique }) => {
    const group = `${unique("crd")}.example.com`
    const versions = [version({ openAPIV3Schema: { type: "object", properties: { spec: { description: "x" } } } })]
    const { body } = await wire("POST", definitions, definition(group, { versions }))
    isRefusal(body, { reason: "Invalid", message: /must not be empty for specified object fields/ })
  })

  it("a definition keeps its scope", async (world) => {
    const { name } = await defined(world)
    const { body } = await world.patch("merge", `${definitions}/${name}`, { spec: { scope: "Cluster" } })
    isRefusal(body, { reason: "Invalid", fields: ["spec.scope"] })
  })

  it("groups of Kubernetes' own want an approval", async ({ wire, unique }) => {
    const { body } = await wire("POST", definitions, definition(`${unique("crd")}.k8s.io`))
    isRefusal(body, { reason: "Invalid", fields: ["metadata.annotations[api-approved.kubernetes.io]"] })
  })

  it("a definition that goes takes its objects along", async (world) => {
    const { client, wire, patch } = world
    const custom = await defined(world)
    const held = { metadata: { name: "a", finalizers: ["example.com/hold"] } }
    await wire("POST", custom.path(), { ...custom.object("a"), ...held })
    await client.delete(CustomResourceDefinition, { name: custom.name })
    await eventually(world.clock, async () => {
      const { body } = await wire("GET", custom.path("/a"))
      holds(body.metadata?.deletionTimestamp, "the object is deleted with it")
    })
    const refusal = await wire("POST", custom.path(), custom.object("b"))
    holds(refusal.code >= 400, "nothing new begins")
    await patch("merge", custom.path("/a"), { metadata: { finalizers: null } })
    await becomes(client, CustomResourceDefinition, { name: custom.name }, (each) => each === undefined)
    await eventually(world.clock, async () => equal((await wire("GET", custom.path())).code, 404))
  })

  it("the schema is published", async (world) => {
    const { group } = await defined(world)
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", `/openapi/v3/apis/${group}/v1`)
      says(JSON.stringify(body?.components?.schemas ?? {}), /"color":\{"type":"string"\}/)
    })
  })
}
