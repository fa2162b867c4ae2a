import { equal, holds, isRefusal, says } from "./expectation.ts"
import { configMap, deployment, pod, service } from "./samples.ts"
import { type Statement, topic } from "./topic.ts"

const merging: Statement = (it) => {
  it("a merge patch sets, adds, and takes away by null", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a", { a: "1", b: "2" }))
    const { code, body } = await patch("merge", path("configmaps", "/a"), { data: { a: null, b: "3", c: "4" } })
    equal(code, 200)
    equal(body.data, { b: "3", c: "4" })
  })

  it("a merge patch replaces a list as a whole", async ({ wire, patch, path }) => {
    await wire(
      "POST",
      path("services"),
      service("web", {
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 81 },
        ],
      }),
    )
    const { body } = await patch("merge", path("services", "/web"), { spec: { ports: [{ name: "c", port: 82 }] } })
    equal(
      body.spec.ports.map(({ name }: { name: string }) => name),
      ["c"],
    )
  })

  it("a patch that changes nothing leaves the version as it is", async ({ wire, patch, path }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("a"))
    const same = await patch("merge", path("configmaps", "/a"), { data: { a: "1" } })
    equal(same.body.metadata.resourceVersion, body.metadata.resourceVersion)
  })

  it("a patch of a version that has passed is refused", async ({ wire, patch, path }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("a"))
    await patch("merge", path("configmaps", "/a"), { data: { a: "2" } })
    const { resourceVersion } = body.metadata
    const late = await patch("merge", path("configmaps", "/a"), { metadata: { resourceVersion }, data: { a: "3" } })
    isRefusal(late.body, { reason: "Conflict", code: 409 })
  })

  it("patches at the same moment are all carried out", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a", {}))
    const keys = Array.from({ length: 5 }, (_, at) => `k${at}`)
    const codes = await Promise.all(
      keys.map(async (key) => (await patch("merge", path("configmaps", "/a"), { data: { [key]: "yes" } })).code),
    )
    equal(
      codes,
      keys.map(() => 200),
    )
    equal(Object.keys((await wire("GET", path("configmaps", "/a"))).body.data).sort(), keys)
  })

  it("a patch makes nothing, and renames nothing", async ({ wire, patch, path }) => {
    isRefusal((await patch("merge", path("configmaps", "/a"), {})).body, { reason: "NotFound", code: 404 })
    await wire("POST", path("configmaps"), configMap("a"))
    const renamed = await patch("merge", path("configmaps", "/a"), { metadata: { name: "b" } })
    const message = "the name of the object (b) does not match the name on the URL (a)"
    isRefusal(renamed.body, { reason: "BadRequest", code: 400, message })
  })

  it("a dry run of a patch answers as if", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { body } = await patch("merge", path("configmaps", "/a?dryRun=All"), { data: { a: "2" } })
    equal(body.data, { a: "2" })
    equal((await wire("GET", path("configmaps", "/a"))).body.data, { a: "1" })
  })

  it("what comes out of a patch is judged like any object", async ({ wire, patch, path }) => {
    await wire("POST", path("apps/v1 deployments"), deployment("web"))
    const { body } = await patch("merge", path("apps/v1 deployments", "/web"), { spec: { replicas: -1 } })
    isRefusal(body, { reason: "Invalid", code: 422, fields: ["spec.replicas"], causes: ["FieldValueInvalid"] })
  })

  it("an unknown field in a patch is warned of, or refused", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { code, warnings } = await patch("merge", path("configmaps", "/a"), { dta: {} })
    equal(code, 200)
    equal(warnings, ['unknown field "dta"'])
    const strict = await patch("merge", path("configmaps", "/a?fieldValidation=Strict"), { dta: {} })
    holds(strict.code === 422 || strict.code === 400, "refused")
    says(strict.body.message, /strict decoding error: unknown field "dta"/)
  })

  it("a patch of no known kind is not taken, and the known ones are named", async ({ wire, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { body } = await wire("PATCH", path("configmaps", "/a"), {})
    isRefusal(body, { reason: "UnsupportedMediaType", code: 415, message: /application\/merge-patch\+json/ })
  })
}

const operations: Statement = (it) => {
  it("a JSON patch adds, replaces, moves, copies and removes, in order", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a", { a: "1", b: "2" }, { annotations: { "c/d": "3" } }))
    const { code, body } = await patch("json", path("configmaps", "/a"), [
      { op: "test", path: "/data/a", value: "1" },
      { op: "replace", path: "/data/a", value: "4" },
      { op: "copy", from: "/data/a", path: "/data/e" },
      { op: "move", from: "/data/b", path: "/data/f" },
      { op: "remove", path: "/metadata/annotations/c~1d" },
      { op: "add", path: "/metadata/labels", value: { x: "y" } },
    ])
    equal(code, 200)
    equal(body.data, { a: "4", e: "4", f: "2" })
    equal([body.metadata.labels, body.metadata.annotations ?? {}], [{ x: "y" }, {}])
  })

  it("a JSON patch reaches into lists, and appends to them", async ({ wire, patch, path }) => {
    await wire("POST", path("services"), service("web", { ports: [{ name: "a", port: 80 }] }))
    const { body } = await patch("json", path("services", "/web"), [
      { op: "add", path: "/spec/ports/-", value: { name: "c", port: 82 } },
      { op: "add", path: "/spec/ports/1", value: { name: "b", port: 81 } },
    ])
    equal(
      body.spec.ports.map(({ port }: { port: number }) => port),
      [80, 81, 82],
    )
  })

  it("a JSON patch whose test fails changes nothing", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const { body } = await patch("json", path("configmaps", "/a"), [
      { op: "replace", path: "/data/a", value: "2" },
      { op: "test", path: "/data/a", value: "9" },
    ])
    const message = /^the server rejected our request due to an error in our request/
    isRefusal(body, { reason: "Invalid", code: 422, message })
    equal((await wire("GET", path("configmaps", "/a"))).body.data, { a: "1" })
  })

  it("a JSON patch of what is not there is refused", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    for (const operation of [
      { op: "remove", path: "/data/b" },
      { op: "replace", path: "/data/b", value: "1" },
      { op: "copy", from: "/data/b", path: "/data/c" },
    ]) {
      equal((await patch("json", path("configmaps", "/a"), [operation])).code, 422, operation.op)
    }
  })

  it("a JSON patch that is no list is a bad request", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    isRefusal((await patch("json", path("configmaps", "/a"), { data: {} })).body, { reason: "BadRequest", code: 400 })
  })
}

const strategic: Statement = (it) => {
  const app = { name: "app", image: "registry.example/app:1" }
  const side = { name: "side", image: "registry.example/side:1", env: [{ name: "A", value: "1" }] }
  const template = (spec: object): object => ({ spec: { template: { spec } } })
  const web = (spec: object) => {
    const object = deployment("web")
    object.spec.template.spec = { ...object.spec.template.spec, ...spec }
    return object
  }
  const deployments = "apps/v1 deployments"

  it("a strategic patch merges containers by their names", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), web({ containers: [app, side] }))
    const change = { containers: [{ name: "side", env: [{ name: "B", value: "2" }] }] }
    const { code, body } = await patch("strategic", path(deployments, "/web"), template(change))
    equal(code, 200)
    const { containers } = body.spec.template.spec
    equal(
      containers.map(({ name, image }: typeof app) => `${name} ${image}`),
      ["app registry.example/app:1", "side registry.example/side:1"],
    )
    const env = containers[1].env.map(({ name, value }: { name: string; value: string }) => `${name}=${value}`)
    equal(env.sort(), ["A=1", "B=2"])
  })

  it("a strategic patch deletes an item by its key", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), web({ containers: [app, side] }))
    const change = { containers: [{ $patch: "delete", name: "app" }] }
    const { body } = await patch("strategic", path(deployments, "/web"), template(change))
    equal(
      body.spec.template.spec.containers.map(({ name }: typeof app) => name),
      ["side"],
    )
  })

  it("a strategic patch replaces a list or a map where it says so", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), web({ containers: [app, side], nodeSelector: { a: "1" } }))
    const change = {
      containers: [{ $patch: "replace" }, { name: "only", image: "registry.example/only:1" }],
      nodeSelector: { $patch: "replace", b: "2" },
    }
    const { body } = await patch("strategic", path(deployments, "/web"), template(change))
    const { containers, nodeSelector } = body.spec.template.spec
    equal(containers.length, 1)
    equal(containers[0].name, "only")
    equal(nodeSelector, { b: "2" })
  })

  it("a strategic patch empties a map, and removes a key by null", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), web({ containers: [app], nodeSelector: { a: "1", b: "2" } }))
    const first = await patch("strategic", path(deployments, "/web"), template({ nodeSelector: { a: null } }))
    equal(first.body.spec.template.spec.nodeSelector, { b: "2" })
    const second = await patch("strategic", path(deployments, "/web"), template({ nodeSelector: { $patch: "delete" } }))
    equal(second.body.spec.template.spec.nodeSelector ?? {}, {})
  })

  it("a strategic patch adds to a set of finalizers, and takes from it", async ({ wire, patch, path }) => {
    await wire("POST", path("configmaps"), configMap("a", {}, { finalizers: ["example.com/a", "example.com/b"] }))
    const added = await patch("strategic", path("configmaps", "/a"), { metadata: { finalizers: ["example.com/c"] } })
    equal([...added.body.metadata.finalizers].sort(), ["example.com/a", "example.com/b", "example.com/c"])
    const taken = await patch("strategic", path("configmaps", "/a"), {
      metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a", "example.com/b", "example.com/c"] },
    })
    equal(taken.body.metadata.finalizers ?? [], [])
  })

  it("a strategic patch puts a list into an order", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), web({ containers: [app, side] }))
    const change = { "$setElementOrder/containers": [{ name: "side" }, { name: "app" }] }
    const { body } = await patch("strategic", path(deployments, "/web"), template(change))
    equal(
      body.spec.template.spec.containers.map(({ name }: typeof app) => name),
      ["side", "app"],
    )
  })

  it("a strategic patch keeps of a union what it says", async ({ wire, patch, path }) => {
    await wire("POST", path(deployments), { ...web({ containers: [app] }) })
    const strategy = { $retainKeys: ["type"], type: "Recreate" }
    const { body } = await patch("strategic", path(deployments, "/web"), { spec: { strategy } })
    equal(body.spec.strategy, { type: "Recreate" })
  })

  it("a strategic patch merges ports of a service by number, and replaces tolerations", async ({
    wire,
    patch,
    path,
  }) => {
    await wire(
      "POST",
      path("services"),
      service("web", {
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 81 },
        ],
      }),
    )
    const { body } = await patch("strategic", path("services", "/web"), {
      spec: { ports: [{ port: 81, targetPort: 8081 }] },
    })
    equal(
      body.spec.ports.map((each: { name: string; targetPort: number }) => `${each.name} ${each.targetPort}`).sort(),
      ["a 80", "b 8081"],
    )
    const toleration = (key: string): object => ({ key, operator: "Exists", effect: "NoSchedule" })
    await wire("POST", path(deployments), web({ containers: [app], tolerations: [toleration("a")] }))
    const change = template({ tolerations: [toleration("b")] })
    const patched = await patch("strategic", path(deployments, "/web"), change)
    equal(patched.body.spec.template.spec.tolerations, [toleration("b")])
  })

  it("a strategic patch with an order that nobody knows is a bad request", async ({ wire, patch, path }) => {
    await wire("POST", path("pods"), pod("one"))
    const { code } = await patch("strategic", path("pods", "/one"), { metadata: { labels: { $patch: "shuffle" } } })
    holds(code === 400 || code === 422 || code === 500, "refused")
  })
}

export const patch = topic("patch", merging, operations, strategic)
