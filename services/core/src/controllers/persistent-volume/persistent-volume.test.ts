import { Namespace } from "@wick/sdk/api/core/namespace"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import type { NewOf } from "@wick/sdk/api/kind"
import { localPath } from "@wick/sdk/api/storage/local-path"
import { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { blindWatch } from "../testing/blind-watch.ts"
import { atRest, startTestCluster, type TestCluster, until } from "../testing/cluster.ts"
import { startPersistentVolumes } from "./reconcile.ts"

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

describe("a claim that was deleted and made again while nobody could see it", () => {
  const metadata = { name: "data", namespace }
  const volumeFor = ({ metadata: { uid } }: PersistentVolumeClaim, name: string): NewOf<typeof PersistentVolume> => ({
    metadata: { name },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", ...metadata, uid },
      persistentVolumeReclaimPolicy: "Delete",
      csi: { driver: localPath.driver, volumeHandle: name },
    },
  })

  it("keeps the volume of the second, and gives up that of the first when it is seen", async () => {
    await using undo = new AsyncDisposableStack()
    const { client, server } = undo.use(await startTestApi())
    await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
    const make = () => client.create(PersistentVolumeClaim, { metadata, spec: { ...spec, storageClassName: "none" } })
    const first = await make()
    const claims = blindWatch("persistentvolumeclaims")
    const own = createClient({ fetch: claims.through(server.fetchAs({ name: "loops", groups: ["system:masters"] })) })
    const informers = undo.use(createInformers(own, systemClock, silentLog))
    const world = { clock: systemClock, random: seededRandom(1), log: silentLog }
    undo.use(startPersistentVolumes({ client: own, informers, ...world }))
    const phaseOf = async (name: string): Promise<string | undefined> => {
      const volumes = (await client.list(PersistentVolume)).items
      return volumes.find((volume) => volume.metadata.name === name)?.status?.phase
    }
    await client.create(PersistentVolume, volumeFor(first, "of-the-first"))
    await expect.poll(() => phaseOf("of-the-first")).toBe("Bound")
    await client.delete(PersistentVolumeClaim, metadata)
    await client.create(PersistentVolume, volumeFor(await make(), "of-the-second"))
    await expect.poll(() => phaseOf("of-the-second")).toBe("Bound")
    expect(await phaseOf("of-the-first")).toBe("Bound")
    claims.lift()
    await expect.poll(() => phaseOf("of-the-first")).toBeUndefined()
    expect(await phaseOf("of-the-second")).toBe("Bound")
  })
})
