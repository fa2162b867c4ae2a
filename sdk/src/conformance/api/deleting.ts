import { ConfigMap } from "../../api/core/config-map.ts"
import { Pod } from "../../api/core/pod.ts"
import { equal, holds, includes, isRefusal, refused } from "../expectation.ts"
import { configMap, pod } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"

const strategicType = { headers: { "content-type": "application/merge-patch+json" } }

/** A pod on a node that is not there: nobody ends it, so its grace runs. */
async function boundPod({ wire, path, unique, afterwards, client, namespace }: World) {
  const { body } = await wire("POST", path("pods"), pod("one", { nodeName: unique("nowhere") }))
  afterwards(() => client.delete(Pod, { name: "one", namespace }, { gracePeriodSeconds: 0 }))
  return body
}

export const deleting: Statement = (it) => {
  it("a deletion is answered with what was deleted", async ({ wire, path }) => {
    const { body: made } = await wire("POST", path("configmaps"), configMap("a"))
    const { code, body } = await wire("DELETE", path("configmaps", "/a"))
    equal(code, 200)
    includes(body, { kind: "Status", apiVersion: "v1", status: "Success" })
    equal(body.details, { name: "a", kind: "configmaps", uid: made.metadata.uid })
    isRefusal((await wire("GET", path("configmaps", "/a"))).body, {
      reason: "NotFound",
      code: 404,
      message: 'configmaps "a" not found',
    })
  })

  it("a deletion of what is not there names the resource with its group", async ({ wire, path }) => {
    const { body } = await wire("DELETE", path("apps/v1 deployments", "/web"))
    isRefusal(body, { reason: "NotFound", code: 404, message: 'deployments.apps "web" not found' })
    equal(body.details, { name: "web", group: "apps", kind: "deployments" })
  })

  it("a finalizer keeps an object until it is taken away", async ({ wire, path, client, namespace }) => {
    await wire("POST", path("configmaps"), configMap("a", {}, { finalizers: ["example.com/hold"] }))
    const { code, body } = await wire("DELETE", path("configmaps", "/a"))
    equal(code, 200)
    holds(body.metadata.deletionTimestamp, "the answer is the object that waits")
    equal(body.metadata.deletionGracePeriodSeconds, 0)
    const more = await wire("PUT", path("configmaps", "/a"), {
      ...body,
      metadata: { ...body.metadata, finalizers: ["example.com/hold", "example.com/more"] },
    })
    isRefusal(more.body, {
      reason: "Invalid",
      message: /no new finalizers can be added if the object is being deleted/,
      fields: ["metadata.finalizers"],
      causes: ["FieldValueForbidden"],
    })
    const freed = await wire("PUT", path("configmaps", "/a"), {
      ...body,
      metadata: { ...body.metadata, finalizers: [] },
    })
    equal(freed.code, 200)
    await refused(client.get(ConfigMap, { name: "a", namespace }), "NotFound")
  })

  it("a finalizer has a qualified name", async ({ wire, path }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("a", {}, { finalizers: ["not a name"] }))
    isRefusal(body, { reason: "Invalid", fields: ["metadata.finalizers"] })
  })

  it("a deletion holds only for the object that is meant", async ({ client, wire, path, namespace }) => {
    const { body } = await wire("POST", path("configmaps"), configMap("a"))
    const reference = { name: "a", namespace }
    const wrongUid = { preconditions: { uid: "00000000-0000-4000-8000-000000000000" } }
    await refused(client.delete(ConfigMap, reference, wrongUid), { reason: "Conflict", code: 409 })
    await wire("PUT", path("configmaps", "/a"), configMap("a", { a: "2" }))
    const { uid, resourceVersion } = body.metadata
    await refused(client.delete(ConfigMap, reference, { preconditions: { resourceVersion } }), "Conflict")
    await client.delete(ConfigMap, reference, { preconditions: { uid } })
  })

  it("who waits for dependents is held by a finalizer", async ({ wire, path, client, namespace }) => {
    const held = { finalizers: ["example.com/hold"] }
    for (const [policy, finalizer] of [
      ["Foreground", "foregroundDeletion"],
      ["Orphan", "orphan"],
    ] as const) {
      const name = policy.toLowerCase()
      await wire("POST", path("configmaps"), configMap(name, {}, held))
      const { body } = await wire("DELETE", path("configmaps", `/${name}`), { propagationPolicy: policy })
      holds(body.metadata.finalizers.includes(finalizer), `${policy} leaves ${finalizer}`)
      await client.patch(ConfigMap, { name, namespace }, { type: "merge", body: { metadata: { finalizers: null } } })
    }
    const { body } = await wire("DELETE", path("configmaps", "/x"), { propagationPolicy: "Sometimes" })
    isRefusal(body, { reason: "Invalid", code: 422, fields: ["propagationPolicy"] })
  })

  it("a pod on a node is given its grace, less of it when asked again, none when forced", async (world) => {
    const { wire, path } = world
    await boundPod(world)
    const first = await wire("DELETE", path("pods", "/one"))
    equal(first.code, 200)
    includes(first.body, { kind: "Pod", metadata: { deletionGracePeriodSeconds: 30 } })
    holds(first.body.metadata.deletionTimestamp, "the pod says until when")
    const { body: sooner } = await wire("DELETE", path("pods", "/one?gracePeriodSeconds=5"))
    equal(sooner.metadata.deletionGracePeriodSeconds, 5)
    holds(sooner.metadata.deletionTimestamp < first.body.metadata.deletionTimestamp, "sooner")
    await wire("DELETE", path("pods", "/one?gracePeriodSeconds=0"))
    equal((await wire("GET", path("pods", "/one"))).code, 404)
  })

  it("a pod on no node goes at once", async ({ wire, path }) => {
    await wire("POST", path("pods"), pod("one"))
    equal((await wire("DELETE", path("pods", "/one"))).code, 200)
    equal((await wire("GET", path("pods", "/one"))).code, 404)
  })

  it("nobody takes a deletion back", async (world) => {
    const { wire, path } = world
    await boundPod(world)
    const { body } = await wire("DELETE", path("pods", "/one"))
    const undone = await wire("PATCH", path("pods", "/one"), { metadata: { deletionTimestamp: null } }, strategicType)
    equal(undone.code, 200)
    equal(undone.body.metadata.deletionTimestamp, body.metadata.deletionTimestamp)
  })

  it("a collection is deleted by selectors, and the rest stays", async ({ wire, path, client, namespace }) => {
    for (const [name, app] of [
      ["a", "web"],
      ["b", "web"],
      ["c", "api"],
    ] as const) {
      await wire("POST", path("configmaps"), configMap(name, {}, { labels: { app } }))
    }
    const dry = await wire("DELETE", path("configmaps", "?labelSelector=app%3Dweb&dryRun=All"))
    equal(dry.code, 200)
    const options = {
      namespace,
      labelSelector: { matchLabels: { app: "web" } },
      fieldSelector: { "metadata.name": "a" },
    }
    await client.deleteCollection(ConfigMap, options)
    const { items } = await client.list(ConfigMap, { namespace, labelSelector: "app" })
    equal(
      items.map(({ metadata }) => metadata.name),
      ["b", "c"],
    )
  })
}
