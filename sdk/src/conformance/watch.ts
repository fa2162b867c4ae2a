import { Deployment } from "../api/apps/deployment.ts"
import { ConfigMap } from "../api/core/config-map.ts"
import { Namespace } from "../api/core/namespace.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { equal, holds, isRefusal, refused } from "./expectation.ts"
import { becomes, watching } from "./patience.ts"
import { configMap, deployment } from "./samples.ts"
import { type Statement, topic } from "./topic.ts"
import type { World } from "./world.ts"

/** The version that the namespace's config maps are at. */
async function present({ client, namespace }: World): Promise<string> {
  const { metadata } = await client.list(ConfigMap, { namespace })
  return metadata.resourceVersion ?? ""
}

const own = "own=yes"
const labels = { own: "yes" }

const following: Statement = (it) => {
  it("a watch from a version brings what came after, in order and once", async (world) => {
    const { client, wire, patch, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("before", {}, { labels }))
    const resourceVersion = await present(world)
    await wire("POST", path("configmaps"), configMap("a", {}, { labels }))
    await patch("merge", path("configmaps", "/a"), { data: { a: "2" } })
    await wire("DELETE", path("configmaps", "/a"))
    await wire("POST", path("configmaps"), configMap("b", {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    equal(await events.take(4), ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b"])
  })

  it("versions of events only grow, and a deletion has one of its own", async (world) => {
    const { client, wire, path, namespace } = world
    const resourceVersion = await present(world)
    await wire("POST", path("configmaps"), configMap("a"))
    await wire("DELETE", path("configmaps", "/a"))
    const fieldSelector = { "metadata.name": "a" }
    await using events = watching(client, ConfigMap, { namespace, resourceVersion, fieldSelector })
    const added = await events.next()
    const deleted = await events.next()
    equal([added?.type, deleted?.type], ["ADDED", "DELETED"])
    const versions = [added, deleted].map((event) => BigInt(event?.object.metadata.resourceVersion ?? "0"))
    holds((versions[1] ?? 0n) > (versions[0] ?? 0n), "the deletion is later than what it deleted")
  })

  it("a watch without a version begins with what is there", async ({ client, wire, path, namespace }) => {
    for (const name of ["a", "b"]) await wire("POST", path("configmaps"), configMap(name, {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own })
    equal((await events.take(2)).sort(), ["ADDED a", "ADDED b"])
    await wire("POST", path("configmaps"), configMap("c", {}, { labels }))
    equal(await events.take(1), ["ADDED c"])
  })

  it("what is written while one watches is all seen", async (world) => {
    const { client, wire, path, namespace } = world
    const resourceVersion = await present(world)
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    const names = Array.from({ length: 20 }, (_, at) => `m${String(at).padStart(2, "0")}`)
    const seen = events.take(names.length)
    await Promise.all(names.map((name) => wire("POST", path("configmaps"), configMap(name, {}, { labels }))))
    equal(
      (await seen).sort(),
      names.map((name) => `ADDED ${name}`),
    )
  })

  it("a write that changes nothing is no event", async (world) => {
    const { client, wire, path, namespace } = world
    const { body } = await wire("POST", path("configmaps"), configMap("a", {}, { labels }))
    const resourceVersion = await present(world)
    await wire("PUT", path("configmaps", "/a"), body)
    await wire("POST", path("configmaps"), configMap("b", {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    equal(await events.take(1), ["ADDED b"])
  })

  it("a change of the status is an event of the object", async ({ client, wire, patch, path, namespace }) => {
    const { body } = await wire("POST", path("apps/v1 deployments"), {
      ...deployment("web"),
      metadata: { name: "web" },
    })
    const { resourceVersion } = body.metadata
    await using events = watching(client, Deployment, { namespace, resourceVersion })
    await patch("merge", path("apps/v1 deployments", "/web/status"), { status: { collisionCount: 7 } })
    let event = await events.next()
    // A controller may have written first.
    while (event && (event.object as Deployment).status?.collisionCount !== 7) event = await events.next()
    equal(event?.type, "MODIFIED")
  })

  it("a deletion that waits is a change first", async (world) => {
    const { client, wire, patch, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("a", {}, { labels, finalizers: ["example.com/hold"] }))
    const resourceVersion = await present(world)
    await wire("DELETE", path("configmaps", "/a"))
    await patch("merge", path("configmaps", "/a"), { metadata: { finalizers: null } })
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    equal(await events.take(2), ["MODIFIED a", "DELETED a"])
  })

  it("namespaces are watched like anything else", async ({ client, unique, afterwards }) => {
    const name = unique("watched")
    const { metadata } = await client.list(Namespace, { fieldSelector: { "metadata.name": name } })
    const { resourceVersion = "" } = metadata
    const options = { fieldSelector: { "metadata.name": name }, resourceVersion }
    await using events = watching(client, Namespace, options)
    await client.create(Namespace, { metadata: { name } })
    afterwards(() => client.delete(Namespace, { name }))
    equal(await events.take(1), [`ADDED ${name}`])
  })
}

const selecting: Statement = (it) => {
  it("what begins to match is added, what ceases to is deleted", async (world) => {
    const { client, wire, patch, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("a"))
    const resourceVersion = await present(world)
    await patch("merge", path("configmaps", "/a"), { metadata: { labels } })
    await patch("merge", path("configmaps", "/a"), { data: { a: "2" } })
    await patch("merge", path("configmaps", "/a"), { metadata: { labels: null } })
    await patch("merge", path("configmaps", "/a"), { data: { a: "3" } })
    await wire("POST", path("configmaps"), configMap("b", {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    equal(await events.take(4), ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b"])
  })

  it("one object is watched by its name", async (world) => {
    const { client, wire, path, namespace } = world
    const resourceVersion = await present(world)
    for (const name of ["a", "b", "c"]) await wire("POST", path("configmaps"), configMap(name))
    await wire("DELETE", path("configmaps", "/b"))
    const options = { namespace, fieldSelector: { "metadata.name": "b" }, resourceVersion }
    await using events = watching(client, ConfigMap, options)
    equal(await events.take(2), ["ADDED b", "DELETED b"])
  })

  it("metadata alone can be watched", async (world) => {
    const { client, wire, path, namespace } = world
    const resourceVersion = await present(world)
    await wire("POST", path("configmaps"), configMap("a", { big: "x".repeat(100) }, { labels }))
    const stop = new AbortController()
    for await (const { type, object } of client.watchMetadata(ConfigMap, {
      namespace,
      labelSelector: own,
      resourceVersion,
      signal: stop.signal,
    })) {
      equal([type, object.kind, object.metadata.name], ["ADDED", "PartialObjectMetadata", "a"])
      equal("data" in object, false)
      stop.abort()
    }
  })

  it("tables can be watched, columns first", async (world) => {
    const { wire, path } = world
    const resourceVersion = await present(world)
    for (const name of ["a", "b"]) await wire("POST", path("configmaps"), configMap(name, {}, { labels }))
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    const query = `?watch=true&timeoutSeconds=1&labelSelector=own%3Dyes&resourceVersion=${resourceVersion}`
    const { text } = await wire("GET", path("configmaps", query), undefined, { headers: { accept } })
    const [first, second] = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).object)
    equal([first.kind, first.columnDefinitions[0].name, first.rows[0].cells[0]], ["Table", "Name", "a"])
    equal(second.rows[0].cells[0], "b")
  })
}

const initial: Statement = (it) => {
  const options = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan", allowWatchBookmarks: true } as const

  it("a list can be watched: what is there, then a bookmark, then what comes", async (world) => {
    const { client, wire, path, namespace } = world
    for (const name of ["a", "b"]) await wire("POST", path("configmaps"), configMap(name, {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, ...options })
    equal((await events.take(2)).sort(), ["ADDED a", "ADDED b"])
    const mark = await events.next()
    equal(mark?.type, "BOOKMARK")
    equal(mark?.object.metadata.annotations?.["k8s.io/initial-events-end"], "true")
    holds(mark?.object.metadata.resourceVersion, "the bookmark says where one is")
    await wire("POST", path("configmaps"), configMap("c", {}, { labels }))
    let event = await events.next()
    while (event?.type === "BOOKMARK") event = await events.next()
    equal([event?.type, event?.object.metadata.name], ["ADDED", "c"])
  })

  it("the first bookmark comes where there is nothing too", async ({ client, namespace }) => {
    await using events = watching(client, ConfigMap, { namespace, labelSelector: "own=nobody", ...options })
    equal((await events.next())?.type, "BOOKMARK")
  })

  it("a watch goes on from a bookmark", async (world) => {
    const { client, wire, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("a", {}, { labels }))
    const first = watching(client, ConfigMap, { namespace, labelSelector: own, ...options })
    await first.next()
    const resourceVersion = (await first.next())?.object.metadata.resourceVersion ?? ""
    await first[Symbol.asyncDispose]()
    await wire("POST", path("configmaps"), configMap("b", {}, { labels }))
    await using second = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion })
    equal(await second.take(1), ["ADDED b"])
  })

  it("options that do not go together are refused", async ({ wire, path }) => {
    for (const query of ["sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"]) {
      const { body } = await wire("GET", path("configmaps", `?watch=true&${query}`))
      isRefusal(body, {
        reason: "Invalid",
        code: 422,
        fields: ["resourceVersionMatch"],
        causes: ["FieldValueForbidden"],
      })
    }
  })
}

const ending: Statement = (it) => {
  it("a watch ends when it was asked to", async ({ client, wire, path, namespace }) => {
    const started = wire("GET", path("configmaps", "?watch=true&timeoutSeconds=1&resourceVersion=0"))
    equal((await started).code, 200)
    await using events = watching(client, ConfigMap, { namespace, labelSelector: "own=nobody", timeoutSeconds: 1 })
    equal(await events.next(), undefined)
  })

  it("a version that is forgotten is told, and never skipped over", async (world) => {
    const { client, wire, path, namespace } = world
    await wire("POST", path("configmaps"), configMap("a", {}, { labels }))
    await using events = watching(client, ConfigMap, { namespace, labelSelector: own, resourceVersion: "1" })
    try {
      equal(await events.take(1), ["ADDED a"])
    } catch (error) {
      holds(isStatus(error, "Expired", "Gone") && error.code === 410, "410 where the history does not reach back")
    }
  })

  it("a version that is none is a bad request", async ({ client, namespace }) => {
    await using events = watching(client, ConfigMap, { namespace, resourceVersion: "abc" })
    await refused(events.next(), { reason: "BadRequest", code: 400 })
  })

  it("what is waited for comes by a watch", async ({ client, wire, path, patch, namespace }) => {
    await wire("POST", path("configmaps"), configMap("a"))
    const changed = becomes(client, ConfigMap, { name: "a", namespace }, (map) => map?.data?.a === "2")
    await patch("merge", path("configmaps", "/a"), { data: { a: "2" } })
    equal((await changed)?.data, { a: "2" })
    const gone = becomes(client, ConfigMap, { name: "a", namespace }, (map) => map === undefined)
    await wire("DELETE", path("configmaps", "/a"))
    equal(await gone, undefined)
  })
}

export const watch = topic("watch", following, selecting, initial, ending)
