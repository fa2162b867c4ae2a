import type { ManagedFieldsEntry } from "../api/meta/object-meta.ts"
import { equal, holds, includes, isRefusal, says } from "./expectation.ts"
import { configMap, deployment, type Loose, pod, service } from "./samples.ts"
import { type Statement, topic } from "./topic.ts"
import type { Answer, World } from "./world.ts"

/** Applies an object as a manager, under its own name. */
function applying({ patch, path }: World) {
  return (manager: string, resource: string, object: Loose, options = ""): Promise<Answer> =>
    patch("apply", path(resource, `/${object.metadata.name}?fieldManager=${manager}${options}`), object)
}

function entry({ body }: Answer, manager: string, subresource?: string): ManagedFieldsEntry {
  const entries: ManagedFieldsEntry[] = body.metadata.managedFields ?? []
  const found = entries.find((each) => each.manager === manager && each.subresource === subresource)
  holds(found, `${manager} owns something; there are: ${entries.map((each) => each.manager).join(", ") || "none"}`)
  return found
}

function owns({ body }: Answer, manager: string): boolean {
  return (body.metadata.managedFields ?? []).some((each: ManagedFieldsEntry) => each.manager === manager)
}

const owning: Statement = (it) => {
  it("whoever applies what is not there makes it, and owns what he said", async (world) => {
    const made = await applying(world)("one", "configmaps", configMap("a", { a: "1" }, { labels: { x: "y" } }))
    equal(made.code, 201)
    const owned = entry(made, "one")
    includes(owned, { operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1" })
    equal(owned.fieldsV1, { "f:data": { "f:a": {} }, "f:metadata": { "f:labels": { "f:x": {} } } })
    says(owned.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it("the same applied again changes nothing", async (world) => {
    const apply = applying(world)
    const { body } = await apply("one", "configmaps", configMap("a"))
    const again = await apply("one", "configmaps", configMap("a"))
    equal(again.code, 200)
    equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion)
  })

  it("an object may be applied as YAML", async ({ patch, path }) => {
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '1'}\n"
    const { code, body } = await patch("apply", path("configmaps", "/a?fieldManager=one"), text)
    equal(code, 201)
    equal(body.data, { a: "1" })
  })

  it("whoever applies says who he is", async ({ patch, path }) => {
    const { body } = await patch("apply", path("configmaps", "/a"), configMap("a"))
    isRefusal(body, {
      reason: "Invalid",
      code: 422,
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      fields: ["fieldManager"],
    })
  })

  it("nobody applies who owns what", async (world) => {
    const managedFields = [{ manager: "x", operation: "Apply", apiVersion: "v1" }]
    const { body } = await applying(world)("one", "configmaps", configMap("a", {}, { managedFields }))
    isRefusal(body, { reason: "BadRequest", code: 400, message: "metadata.managedFields must be nil" })
  })

  it("a field that another says otherwise is a conflict, which names both", async (world) => {
    const apply = applying(world)
    await apply("one", "configmaps", configMap("a", { a: "1" }))
    const { body } = await apply("two", "configmaps", configMap("a", { a: "2" }))
    isRefusal(body, {
      reason: "Conflict",
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
      fields: [".data.a"],
      causes: ["FieldManagerConflict"],
    })
    equal(body.details.causes[0].message, 'conflict with "one"')
  })

  it("who says the same is an owner too, and then a field stays while one of them says it", async (world) => {
    const apply = applying(world)
    await apply("one", "configmaps", configMap("a", { a: "1" }))
    const both = await apply("two", "configmaps", configMap("a", { a: "1", b: "2" }))
    equal(both.code, 200)
    equal([owns(both, "one"), owns(both, "two")], [true, true])
    const left = await apply("one", "configmaps", configMap("a", {}))
    equal(left.body.data, { a: "1", b: "2" })
    const gone = await apply("two", "configmaps", configMap("a", {}))
    equal(gone.body.data ?? {}, {})
  })

  it("force takes a field over", async (world) => {
    const apply = applying(world)
    await apply("one", "configmaps", configMap("a", { a: "1", b: "1" }))
    const taken = await apply("two", "configmaps", configMap("a", { a: "2" }), "&force=true")
    equal(taken.body.data, { a: "2", b: "1" })
    holds(!JSON.stringify(entry(taken, "one").fieldsV1).includes("f:a"), "the first owns it no more")
  })

  it("what is no longer said is taken away", async (world) => {
    const apply = applying(world)
    await apply("one", "configmaps", configMap("a", { a: "1", b: "2" }, { labels: { x: "y" } }))
    const { body } = await apply("one", "configmaps", configMap("a", { a: "1" }))
    equal([body.data, body.metadata.labels ?? {}], [{ a: "1" }, {}])
  })

  it("a stale version is a conflict", async (world) => {
    const apply = applying(world)
    const { body } = await apply("one", "configmaps", configMap("a"))
    const { resourceVersion } = body.metadata
    await apply("one", "configmaps", configMap("a", { a: "2" }))
    const late = await apply("one", "configmaps", configMap("a", { a: "3" }, { resourceVersion }))
    isRefusal(late.body, { reason: "Conflict", code: 409 })
  })

  it("a dry run applies nothing", async (world) => {
    const { code } = await applying(world)("one", "configmaps", configMap("a"), "&dryRun=All")
    holds(code === 200 || code === 201, "the answer is as if")
    equal((await world.wire("GET", world.path("configmaps", "/a"))).code, 404)
  })
}

const others: Statement = (it) => {
  it("whoever updates owns what he changed", async (world) => {
    const { wire, path } = world
    await applying(world)("one", "configmaps", configMap("a", { a: "1" }))
    const changed = await world.patch("merge", path("configmaps", "/a?fieldManager=two"), { data: { b: "2" } })
    includes(entry(changed, "two"), { operation: "Update", apiVersion: "v1" })
    equal(entry(changed, "two").fieldsV1, { "f:data": { "f:b": {} } })
    const stolen = await world.patch("merge", path("configmaps", "/a?fieldManager=two"), { data: { a: "3" } })
    holds(!JSON.stringify(entry(stolen, "two").fieldsV1 ?? {}).includes("f:c"), "and nothing else")
    const { body } = await applying(world)("one", "configmaps", configMap("a", { a: "1" }))
    isRefusal(body, { reason: "Conflict", message: /conflict with "two" using v1/, fields: [".data.a"] })
    equal((await wire("GET", path("configmaps", "/a"))).body.data, { a: "3", b: "2" })
  })

  it("whoever creates owns what he wrote, by the name of his program", async ({ wire, path }) => {
    const headers = { "user-agent": "conformance-tool/1.0 (linux)" }
    const made = await wire("POST", path("configmaps"), configMap("a", { a: "1" }), { headers })
    const owned = entry(made, "conformance-tool")
    includes(owned, { operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1" })
    equal(owned.fieldsV1, { "f:data": { ".": {}, "f:a": {} } })
  })

  it("owners that were emptied are gone, and what was there before is owned by that name", async (world) => {
    const apply = applying(world)
    await apply("one", "configmaps", configMap("a", { a: "1" }))
    const cleared = await world.patch("merge", world.path("configmaps", "/a"), { metadata: { managedFields: [{}] } })
    equal(owns(cleared, "one"), false)
    const { body } = await apply("two", "configmaps", configMap("a", { a: "2" }))
    isRefusal(body, { reason: "Conflict", message: /conflict with "before-first-apply" using v1/, fields: [".data.a"] })
  })

  it("the status has owners of its own", async (world) => {
    const { wire, path } = world
    await wire("POST", path("apps/v1 deployments"), deployment("web"))
    const status = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      status: { collisionCount: 3 },
    }
    const applied = await world.patch("apply", path("apps/v1 deployments", "/web/status?fieldManager=one"), status)
    equal(applied.code, 200)
    equal(applied.body.status.collisionCount, 3)
    equal(entry(applied, "one", "status").fieldsV1, { "f:status": { "f:collisionCount": {} } })
  })
}

const lists: Statement = (it) => {
  const container = (name: string, more: object = {}) => ({ name, image: `registry.example/${name}:1`, ...more })
  const web = (...containers: object[]) => {
    const object = deployment("web")
    const { replicas: _, ...spec } = object.spec
    const template = { ...spec.template, spec: { containers } }
    return { ...object, spec: { ...spec, template } }
  }

  it("items with keys are owned one by one", async (world) => {
    const apply = applying(world)
    const port = { containerPort: 80 }
    const first = await apply("one", "apps/v1 deployments", web(container("app", { ports: [port] })))
    const fields = JSON.stringify(entry(first, "one").fieldsV1)
    says(fields, /k:\{\\"name\\":\\"app\\"\}/)
    says(fields, /k:\{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"\}/)
    const second = await apply("two", "apps/v1 deployments", web(container("side")))
    equal(
      second.body.spec.template.spec.containers.map(({ name }: { name: string }) => name),
      ["app", "side"],
    )
    const alone = await apply("two", "apps/v1 deployments", { ...web(), spec: {} })
    equal(alone.body.spec.template.spec.containers.length, 1)
  })

  it("a conflict in an item names the item", async (world) => {
    const apply = applying(world)
    await apply("one", "apps/v1 deployments", web(container("app")))
    const { body } = await apply("two", "apps/v1 deployments", web(container("app", { image: "other" })))
    isRefusal(body, {
      reason: "Conflict",
      fields: ['.spec.template.spec.containers[name="app"].image'],
      causes: ["FieldManagerConflict"],
    })
  })

  it("members of a set are owned one by one", async (world) => {
    const apply = applying(world)
    const holding = (name: string) => {
      const { data: _, ...map } = configMap("a", {}, { finalizers: [`example.com/${name}`] })
      return map
    }
    const first = await apply("one", "configmaps", holding("a"))
    equal(entry(first, "one").fieldsV1, { "f:metadata": { "f:finalizers": { 'v:"example.com/a"': {} } } })
    const both = await apply("two", "configmaps", holding("b"))
    equal([...both.body.metadata.finalizers].sort(), ["example.com/a", "example.com/b"])
    await apply("one", "configmaps", configMap("a", {}))
    const none = await apply("two", "configmaps", configMap("a", {}))
    equal(none.body.metadata.finalizers ?? [], [])
  })

  it("what is atomic has one owner", async (world) => {
    const apply = applying(world)
    const web = (selector: object) => service("web", { selector })
    const made = await apply("one", "services", web({ app: "web" }))
    includes(entry(made, "one").fieldsV1 ?? {}, { "f:spec": { "f:selector": {} } })
    const { body } = await apply("two", "services", {
      ...web({ tier: "front" }),
      spec: { selector: { tier: "front" } },
    })
    isRefusal(body, { reason: "Conflict", fields: [".spec.selector"] })
    const spec = { selector: { tier: "front" } }
    const forced = await apply("two", "services", { ...web({}), spec }, "&force=true")
    equal(forced.body.spec.selector, { tier: "front" })
  })

  it("two items with one key are refused", async (world) => {
    const env = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ]
    const twice = pod("one", { containers: [container("app", { env })] })
    const { code } = await applying(world)("one", "pods", twice)
    holds(code >= 400 && code < 600, "refused")
    equal((await world.wire("GET", world.path("pods", "/one"))).code, 404)
  })
}

export const apply = topic("apply", owning, others, lists)
