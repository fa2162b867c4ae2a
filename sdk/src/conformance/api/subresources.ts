import { Deployment } from "../../api/apps/deployment.ts"
import { Pod } from "../../api/core/pod.ts"
import { getScale, setScale } from "../../client/index.ts"
import { equal, holds, includes, isRefusal, refused, says } from "../expectation.ts"
import { deployment, type Loose, pod } from "../samples.ts"
import type { Statement } from "../topic.ts"

const merge = { headers: { "content-type": "application/merge-patch+json" } }

export const subresources: Statement = (it) => {
  it("a status is written apart from the wanted state, and the other way round", async ({ wire, path }) => {
    const { body } = await wire("POST", path("apps/v1 deployments"), deployment("web"))
    const both = (object: Loose) => ({
      ...object,
      spec: { ...object.spec, minReadySeconds: 9 },
      status: { ...object.status, observedGeneration: 0, collisionCount: 4 },
    })
    const status = await wire(
      "PUT",
      path("apps/v1 deployments", "/web/status"),
      both({ ...body, metadata: { name: "web" } }),
    )
    equal(status.code, 200)
    equal([status.body.spec.minReadySeconds, status.body.status.collisionCount], [undefined, 4])
    const main = await wire(
      "PATCH",
      path("apps/v1 deployments", "/web"),
      { spec: { minReadySeconds: 9 }, status: { collisionCount: 5 } },
      merge,
    )
    equal([main.body.spec.minReadySeconds, main.body.status.collisionCount], [9, 4])
  })

  it("a new object has no status of its client's", async ({ wire, path }) => {
    const { body } = await wire("POST", path("pods"), {
      ...pod("one"),
      status: { phase: "Running", podIP: "10.1.2.3" },
    })
    equal([body.status.phase, body.status.podIP], ["Pending", undefined])
  })

  it("a scale is read and set without the rest", async ({ client, wire, path, namespace }) => {
    await wire("POST", path("apps/v1 deployments"), deployment("web"))
    const reference = { name: "web", namespace }
    const scale = await getScale(client, Deployment, reference)
    includes(scale, { kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "web", namespace } })
    equal([scale.spec?.replicas ?? 0, scale.status?.selector], [0, "app=web"])
    await client.patch(Deployment, reference, { type: "merge", body: { spec: { paused: true } } })
    await setScale(client, Deployment, reference, 2)
    equal((await client.get(Deployment, reference)).spec.replicas, 2)
    const stale = await wire("PUT", path("apps/v1 deployments", "/web/scale"), { ...scale, spec: { replicas: 3 } })
    isRefusal(stale.body, { reason: "Conflict", code: 409 })
    await refused(setScale(client, Deployment, reference, -1), {
      reason: "Invalid",
      code: 422,
      fields: ["spec.replicas"],
      causes: ["FieldValueInvalid"],
    })
  })

  it("a pod is bound once", async ({ client, wire, path, unique, namespace, afterwards }) => {
    await wire("POST", path("pods"), pod("one"))
    afterwards(() => client.delete(Pod, { name: "one", namespace }, { gracePeriodSeconds: 0 }))
    const binding = (node: string) => ({
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "one" },
      target: { apiVersion: "v1", kind: "Node", name: node },
    })
    const node = unique("nowhere")
    const { code } = await wire("POST", path("pods", "/one/binding"), binding(node))
    equal(code, 201)
    const bound = await client.get(Pod, { name: "one", namespace })
    equal(bound.spec.nodeName, node)
    const scheduled = bound.status?.conditions?.find(({ type }) => type === "PodScheduled")
    equal(scheduled?.status, "True")
    const again = await wire("POST", path("pods", "/one/binding"), binding("other"))
    isRefusal(again.body, { reason: "Conflict", code: 409, message: /is already assigned to node/ })
  })

  it("a pod is evicted where no budget forbids it", async ({ wire, path }) => {
    await wire("POST", path("pods"), pod("one"))
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "one" } }
    const { code, body } = await wire("POST", path("pods", "/one/eviction"), eviction)
    equal(code, 201)
    equal([body.kind, body.status], ["Status", "Success"])
    equal((await wire("GET", path("pods", "/one"))).code, 404)
  })

  it("a budget forbids an eviction", async ({ wire, path, unique, client, namespace, afterwards }) => {
    await wire("POST", path("pods"), pod("one", { nodeName: unique("nowhere") }, { labels: { app: "web" } }))
    afterwards(() => client.delete(Pod, { name: "one", namespace }, { gracePeriodSeconds: 0 }))
    const conditions = [{ type: "Ready", status: "True" }]
    await wire("PATCH", path("pods", "/one/status"), { status: { phase: "Running", conditions } }, merge)
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "web" } } }
    const budget = { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "web" }, spec }
    await wire("POST", path("policy/v1 poddisruptionbudgets"), budget)
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "one" } }
    const { body } = await wire("POST", path("pods", "/one/eviction"), eviction)
    isRefusal(body, {
      reason: "TooManyRequests",
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    })
    equal(body.details.causes[0].reason, "DisruptionBudget")
  })

  it("a container to debug with is added, and stays", async ({ wire, path }) => {
    const { body } = await wire("POST", path("pods"), pod("one"))
    const ephemeralContainers = [{ name: "debug", image: "registry.example/debug:1" }]
    const change = { ...body, spec: { ...body.spec, ephemeralContainers } }
    isRefusal((await wire("PUT", path("pods", "/one"), change)).body, { reason: "Invalid", fields: ["spec"] })
    const added = await wire("PUT", path("pods", "/one/ephemeralcontainers"), change)
    equal(added.code, 200)
    equal(added.body.spec.ephemeralContainers[0].name, "debug")
    const without = { ...added.body, spec: { ...added.body.spec, ephemeralContainers: [] } }
    isRefusal((await wire("PUT", path("pods", "/one/ephemeralcontainers"), without)).body, {
      reason: "Invalid",
      fields: ["spec.ephemeralContainers"],
      causes: ["FieldValueForbidden"],
    })
  })

  it("a pod is resized apart from the rest", async ({ wire, path }) => {
    const resources = (cpu: string) => ({ requests: { cpu }, limits: { cpu: "500m" } })
    const containers = [{ name: "app", image: "registry.example/app:1", resources: resources("100m") }]
    const { body } = await wire("POST", path("pods"), pod("one", { containers }))
    const change = { spec: { containers: [{ name: "app", resources: resources("200m") }] } }
    const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } }
    equal((await wire("PATCH", path("pods", "/one"), change, strategic)).code, 422)
    const resized = await wire("PATCH", path("pods", "/one/resize"), change, strategic)
    equal(resized.code, 200)
    equal(resized.body.spec.containers[0].resources.requests.cpu, "200m")
    holds(resized.body.metadata.generation > body.metadata.generation, "a pod's generation grows")
  })

  it("a namespace is its own label, and is finalized apart", async ({ wire, namespace }) => {
    const { body } = await wire("GET", `/api/v1/namespaces/${namespace}`)
    equal(body.metadata.labels["kubernetes.io/metadata.name"], namespace)
    equal([body.spec.finalizers, body.status.phase], [["kubernetes"], "Active"])
  })

  it("an unknown subresource is not there", async ({ wire, path }) => {
    await wire("POST", path("pods"), pod("one"))
    equal((await wire("GET", path("pods", "/one/nothing"))).code, 404)
    const { code, text } = await wire("GET", path("configmaps", "/one/status"))
    equal(code, 404)
    says(text, /./)
  })
}
