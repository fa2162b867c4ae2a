import { Deployment } from "@wick/sdk/api/apps/deployment"
import { Pod } from "@wick/sdk/api/core/pod"
import { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { expect, it } from "vitest"
import { atRest, startTestCluster, type TestCluster, until } from "../testing/cluster.ts"

const namespace = "default"
const labels = { app: "web" }
const allows = (cluster: TestCluster, amount: number): Promise<void> =>
  until(cluster.informers(PodDisruptionBudget), ([budget]) => budget?.status?.disruptionsAllowed === amount)

it("keeps a budget's count as pods become ready, go, and are scaled", async () => {
  await using cluster = await startTestCluster()
  const { client } = cluster
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "x" }] } }
  const spec = { replicas: 2, selector: { matchLabels: labels }, template }
  await client.create(Deployment, { metadata: { name: "web", namespace }, spec })
  await until(cluster.informers(Pod), (pods) => pods.length === 2)
  const budget = { maxUnavailable: 1, selector: { matchLabels: labels } }
  await client.create(PodDisruptionBudget, { metadata: { name: "web", namespace }, spec: budget })
  await until(cluster.informers(PodDisruptionBudget), ([it]) => it?.status?.expectedPods === 2)
  const ready = { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }
  for (const { metadata } of (await client.list(Pod, { namespace })).items) {
    await client.patch(Pod, { ...metadata, namespace }, { type: "merge", body: ready }, { subresource: "status" })
  }
  await allows(cluster, 1)
  await client.patch(Deployment, { name: "web", namespace }, { type: "merge", body: { spec: { replicas: 3 } } })
  await allows(cluster, 0)
  const { status } = await client.get(PodDisruptionBudget, { name: "web", namespace })
  expect(status).toMatchObject({ expectedPods: 3, desiredHealthy: 2, currentHealthy: 2, observedGeneration: 1 })
})

it("a budget no longer counts a pod whose labels have left it", async () => {
  await using cluster = await startTestCluster()
  const { client, informers } = cluster
  const expects = (count: number): Promise<void> =>
    until(informers(PodDisruptionBudget), ([budget]) => budget?.status?.expectedPods === count)
  const containers = [{ name: "c", image: "x" }]
  for (const name of ["a", "b"])
    await client.create(Pod, { metadata: { name, namespace, labels }, spec: { containers } })
  const spec = { minAvailable: 1, selector: { matchLabels: labels } }
  await client.create(PodDisruptionBudget, { metadata: { name: "web", namespace }, spec })
  await expects(2)
  await atRest(cluster)
  await client.patch(Pod, { name: "a", namespace }, { type: "merge", body: { metadata: { labels: { app: "other" } } } })
  await expects(1)
})
