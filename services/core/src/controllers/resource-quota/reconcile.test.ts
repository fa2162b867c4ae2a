import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Pod } from "@wick/sdk/api/core/pod"
import { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { FetchWrapper } from "@wick/sdk/client"
import { expect, it } from "vitest"
import { startTestCluster, type TestCluster, until } from "../testing/cluster.ts"

const namespace = "default"
const isUsed = (cluster: TestCluster, name: string, amount: string): Promise<void> =>
  until(cluster.informers(ResourceQuota), ([quota]) => quota?.status?.used?.[name] === amount)

it("counts what is there when a quota comes, what goes afterwards, and what a changed quota bounds", async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  for (const name of ["a", "b"]) {
    const containers = [{ name: "c", image: "x", resources: { requests: { cpu: "250m" } } }]
    await client.create(Pod, { metadata: { name, namespace }, spec: { containers } })
  }
  await client.create(ConfigMap, { metadata: { name: "m", namespace } })
  const hard = { pods: "5", "requests.cpu": "2" }
  await client.create(ResourceQuota, { metadata: { name: "q", namespace }, spec: { hard } })
  await isUsed(cluster, "requests.cpu", "500m")
  await client.delete(Pod, { name: "a", namespace })
  await isUsed(cluster, "pods", "1")
  const body = { spec: { hard: { "count/configmaps": "3" } } }
  await client.patch(ResourceQuota, { name: "q", namespace }, { type: "merge", body })
  await isUsed(cluster, "count/configmaps", "1")
  const { status } = await client.get(ResourceQuota, { name: "q", namespace })
  expect(status).toEqual({
    hard: { pods: "5", "requests.cpu": "2", "count/configmaps": "3" },
    used: { pods: "1", "requests.cpu": "250m", "count/configmaps": "1" },
  })
})

it("counts again when a kind could not be listed: its definition may just have gone", async () => {
  let refusals = 0
  const through: FetchWrapper = (next) => (request) => {
    const { pathname, searchParams } = new URL(request.url)
    const isCount = pathname.endsWith(`/${namespace}/configmaps`) && !searchParams.has("watch")
    if (!isCount || refusals > 0) return next(request)
    refusals++
    const answer = new StatusError("NotFound", "the server could not find the requested resource").toStatus()
    return Promise.resolve(Response.json(answer, { status: 404 }))
  }
  await using cluster = await startTestCluster({ through })
  await cluster.client.create(ConfigMap, { metadata: { name: "m", namespace } })
  const hard = { "count/configmaps": "3" }
  await cluster.client.create(ResourceQuota, { metadata: { name: "q", namespace }, spec: { hard } })
  await isUsed(cluster, "count/configmaps", "1")
  expect(refusals).toBe(1)
})
