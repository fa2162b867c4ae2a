import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { expect, it } from "vitest"
import { atRest, startTestCluster, type TestCluster, until } from "../testing/cluster.ts"

const namespace = "default"
const spec = {
  storageClassName: "local-path",
  accessModes: ["ReadWriteOnce"],
  resources: { requests: { storage: "1Gi" } },
}
const container = { name: "main", image: "db:1" }

async function withClass(nodes: number): Promise<TestCluster> {
  const cluster = await startTestCluster({ nodes })
  await cluster.client.create(StorageClass, {
    metadata: { name: "local-path" },
    provisioner: "wick.dev/local-path",
    reclaimPolicy: "Delete",
    volumeBindingMode: "WaitForFirstConsumer",
  })
  return cluster
}

function create({ client }: TestCluster, name: string, volume: object) {
  const volumes = [{ name: "data", ...volume }]
  return client.create(Pod, { metadata: { name, namespace }, spec: { containers: [container], volumes } } as never)
}

it("a claim is bound where its first pod is placed, all later pods follow it there, and its volume goes with it", async () => {
  await using cluster = await withClass(3)
  const { client, informers } = cluster
  await client.create(PersistentVolumeClaim, { metadata: { name: "data", namespace }, spec })
  for (const name of ["a", "b", "c", "d"]) {
    await create(cluster, name, { persistentVolumeClaim: { claimName: "data" } })
  }
  await until(informers(Pod), (pods) => pods.length === 4 && pods.every((pod) => pod.spec.nodeName))
  await until(informers(PersistentVolumeClaim), ([claim]) => claim?.status?.phase === "Bound")
  await until(informers(PersistentVolume), ([volume]) => volume?.status?.phase === "Bound")
  const places = new Set(
    informers(Pod)
      .list()
      .map((pod) => pod.spec.nodeName),
  )
  const [volume] = informers(PersistentVolume).list()
  const [term] = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []
  expect([...places]).toEqual(term?.matchExpressions?.[0]?.values)
  for (const name of ["a", "b", "c", "d"]) await client.delete(Pod, { name, namespace })
  await client.delete(PersistentVolumeClaim, { name: "data", namespace })
  // Its node, which no test plays, removes the directory and lets go of it.
  await until(informers(PersistentVolume), ([each]) => each?.metadata.deletionTimestamp !== undefined)
})

it("an ephemeral volume's claim is the pod's own", async () => {
  await using cluster = await withClass(1)
  await create(cluster, "web", { ephemeral: { volumeClaimTemplate: { metadata: { labels: { of: "web" } }, spec } } })
  await until(cluster.informers(PersistentVolumeClaim), ([claim]) => claim?.status?.phase === "Bound")
  const claim = await cluster.client.get(PersistentVolumeClaim, { name: "web-data", namespace })
  expect(claim.metadata).toMatchObject({ labels: { of: "web" }, ownerReferences: [{ kind: "Pod", name: "web" }] })
})

it("a pod whose claim does not exist waits, says so, and is placed when it comes", async () => {
  await using cluster = await withClass(1)
  const { client, informers } = cluster
  await create(cluster, "early", { persistentVolumeClaim: { claimName: "late" } })
  await until(
    informers(Pod),
    ([pod]) =>
      pod?.status?.conditions?.some(({ message }) => message?.includes('persistentvolumeclaim "late" not found')) ===
      true,
  )
  await client.create(PersistentVolumeClaim, { metadata: { name: "late", namespace }, spec })
  await until(informers(Pod), ([pod]) => pod?.spec.nodeName !== undefined)
})

it("a pod gets an ephemeral claim of its own though that of the one before it, of the same name, went late", async () => {
  await using cluster = await withClass(1)
  const { client, informers } = cluster
  const volume = { ephemeral: { volumeClaimTemplate: { spec } } }
  const claims = informers(PersistentVolumeClaim)
  await create(cluster, "web", volume)
  await until(claims, ([claim]) => claim?.status?.phase === "Bound")
  const held = { type: "merge", body: { metadata: { finalizers: ["example.com/hold"] } } } as const
  await client.patch(PersistentVolumeClaim, { name: "web-data", namespace }, held)
  await client.delete(Pod, { name: "web", namespace })
  await until(claims, ([claim]) => claim?.metadata.deletionTimestamp !== undefined)
  const { metadata } = await create(cluster, "web", volume)
  await atRest(cluster)
  const free = { type: "merge", body: { metadata: { finalizers: null } } } as const
  await client.patch(PersistentVolumeClaim, { name: "web-data", namespace }, free)
  await until(claims, ([claim]) => claim?.metadata.ownerReferences?.[0]?.uid === metadata.uid)
})
