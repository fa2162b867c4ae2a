import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { configMap, pod } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

// biome-ignore lint/suspicious/noExplicitAny: a list as it came.
const names = ({ body }: { body: any }): string[] => body.items.map((item: any) => item.metadata.name)

async function someMaps({ wire, path }: World, ...labelled: [name: string, labels?: Record<string, string>][]) {
  for (const [name, labels = {}] of labelled) {
    await wire("POST", path("configmaps"), configMap(name, { a: "1" }, { labels: { own: "yes", ...labels } }))
  }
}

const own = "?labelSelector=own%3Dyes"
const table = "application/json;as=Table;v=v1;g=meta.k8s.io"

export const reading: Statement = (it) => {
  it("a list says its kind and its version, and its items are in order", async (world) => {
    await someMaps(world, ["b"], ["c"], ["a"])
    const list = await world.wire("GET", world.path("configmaps", own))
    equal(list.code, 200)
    includes(list.body, { kind: "ConfigMapList", apiVersion: "v1" })
    says(list.body.metadata.resourceVersion, /^[1-9]\d*$/)
    equal(names(list), ["a", "b", "c"])
  })

  it("pages are all of one moment, and say how much is left", async (world) => {
    const { wire, path } = world
    await someMaps(world, ["a"], ["b"], ["c"])
    // The whole namespace, since what is left is counted only where nothing selects.
    const first = await wire("GET", path("configmaps", "?limit=1"))
    holds(first.body.metadata.remainingItemCount >= 2, "two more at least")
    await wire("DELETE", path("configmaps", "/c"))
    await someMaps(world, ["bb"])
    const rest = await wire(
      "GET",
      path("configmaps", `?limit=500&continue=${encodeURIComponent(first.body.metadata.continue)}`),
    )
    equal(
      [...names(first), ...names(rest)].filter((name) => name.length < 3),
      ["a", "b", "c"],
    )
    equal(rest.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
    equal(rest.body.metadata.continue ?? "", "")
  })

  it("a page of what is selected does not count the rest", async (world) => {
    await someMaps(world, ["a"], ["b"])
    const { body } = await world.wire("GET", world.path("configmaps", `${own}&limit=1`))
    holds(body.metadata.continue, "there is more")
    equal(body.metadata.remainingItemCount, undefined)
  })

  it("a token that is none is a bad request", async ({ wire, path }) => {
    isRefusal((await wire("GET", path("configmaps", "?limit=1&continue=nonsense"))).body, {
      reason: "BadRequest",
      code: 400,
      message: /continue key is not valid/,
    })
  })

  it("labels are selected by equality and by sets", async (world) => {
    await someMaps(world, ["a", { tier: "web" }], ["b", { tier: "api" }], ["c"])
    for (const [selector, wanted] of [
      ["tier=web", ["a"]],
      ["tier==web", ["a"]],
      ["tier!=web,own", ["b", "c"]],
      ["tier in (web,api)", ["a", "b"]],
      ["tier notin (web),own", ["b", "c"]],
      ["tier", ["a", "b"]],
      ["!tier,own", ["c"]],
    ] as const) {
      const found = names(
        await world.wire("GET", world.path("configmaps", `?labelSelector=${encodeURIComponent(selector)}`)),
      )
      equal(found, [...wanted], selector)
    }
    const { body } = await world.wire("GET", world.path("configmaps", "?labelSelector=%3Dweb"))
    isRefusal(body, { reason: "BadRequest", code: 400 })
  })

  it("fields are selected where the kind says so", async (world) => {
    const { wire, path } = world
    await someMaps(world, ["a"], ["b"])
    equal(names(await wire("GET", path("configmaps", "?fieldSelector=metadata.name%3Da"))), ["a"])
    equal(names(await wire("GET", path("configmaps", `${own}&fieldSelector=metadata.name!%3Da`))), ["b"])
    await wire("POST", path("pods"), pod("one"))
    equal(names(await wire("GET", path("pods", "?fieldSelector=status.phase%3DPending,spec.nodeName%3D"))), ["one"])
    equal(names(await wire("GET", path("pods", "?fieldSelector=status.phase%3DRunning"))), [])
    const { body } = await wire("GET", path("configmaps", "?fieldSelector=data.a%3D1"))
    isRefusal(body, {
      reason: "BadRequest",
      code: 400,
      message: /^"data\.a" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
    })
  })

  it("a list is of an exact version when it is asked for", async (world) => {
    const { wire, path } = world
    await someMaps(world, ["a"], ["b"])
    const { body } = await wire("GET", path("configmaps", own))
    await wire("DELETE", path("configmaps", "/a"))
    const at = `&resourceVersion=${body.metadata.resourceVersion}`
    const exact = await wire("GET", path("configmaps", `${own}${at}&resourceVersionMatch=Exact`))
    equal(names(exact), ["a", "b"])
    equal(exact.body.metadata.resourceVersion, body.metadata.resourceVersion)
    holds((await wire("GET", path("configmaps", `${own}${at}`))).code === 200, "at least that version")
    const alone = await wire("GET", path("configmaps", "?resourceVersionMatch=Exact"))
    isRefusal(alone.body, { reason: "Invalid", code: 422, fields: ["resourceVersionMatch"] })
  })

  it("a version that is no number is a bad request", async ({ wire, path }) => {
    equal((await wire("GET", path("configmaps", "?resourceVersion=abc"))).code, 400)
  })

  it("a table has columns for people, and metadata for programs", async (world) => {
    const { wire, path } = world
    await someMaps(world, ["a"])
    const { body } = await wire("GET", path("configmaps", own), undefined, { headers: { accept: table } })
    includes(body, { kind: "Table", apiVersion: "meta.k8s.io/v1" })
    equal(
      body.columnDefinitions.map((column: { name: string }) => column.name),
      ["Name", "Data", "Age"],
    )
    equal(body.columnDefinitions[0].format, "name")
    equal(body.rows[0].cells.slice(0, 2), ["a", 1])
    includes(body.rows[0].object, { kind: "PartialObjectMetadata", metadata: { name: "a" } })
    const one = await wire("GET", path("configmaps", "/a?includeObject=None"), undefined, {
      headers: { accept: table },
    })
    equal(one.body.rows.length, 1)
    equal(one.body.rows[0].object ?? undefined, undefined)
    const whole = await wire("GET", path("configmaps", "/a?includeObject=Object"), undefined, {
      headers: { accept: table },
    })
    includes(whole.body.rows[0].object, { kind: "ConfigMap", data: { a: "1" } })
  })

  it("metadata alone is given to who asks for it", async (world) => {
    await someMaps(world, ["a"])
    const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    const { body } = await world.wire("GET", world.path("configmaps", own), undefined, { headers: { accept } })
    includes(body, { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" })
    equal(body.items[0].data, undefined)
    equal(body.items[0].metadata.labels, { own: "yes" })
  })

  it("a form that nobody speaks is not acceptable", async ({ wire, path }) => {
    const { code, body } = await wire("GET", path("configmaps"), undefined, { headers: { accept: "text/csv" } })
    equal(code, 406)
    isRefusal(body, { reason: "NotAcceptable", code: 406 })
  })

  it("what is asked of the wrong thing is not there, or not allowed", async ({ wire, path }) => {
    equal((await wire("GET", path("nothings"))).code, 404)
    equal((await wire("GET", "/apis/nobody.example/v1")).code, 404)
    equal((await wire("PUT", path("configmaps"), configMap("a"))).code, 405)
  })
}
