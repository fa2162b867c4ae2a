import { Namespace } from "@wick/sdk/api/core/namespace"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { blindWatch } from "../testing/blind-watch.ts"
import { atRest, startTestCluster, until } from "../testing/cluster.ts"
import { startVolumeProtection } from "./reconcile.ts"

const namespace = "default"
const resources = { requests: { storage: "1Gi" } }

describe("a claim that somebody deletes", () => {
  it("stays while a pod uses it, and goes with the pod", async () => {
    await using cluster = await startTestCluster()
    const { client } = cluster
    const data = { name: "data", namespace }
    await client.create(PersistentVolume, {
      metadata: { name: "disk" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/disk" } },
    })
    await client.create(PersistentVolumeClaim, {
      metadata: { ...data, finalizers: ["kubernetes.io/pvc-protection"] },
      spec: { accessModes: ["ReadWriteOnce"], resources },
    })
    await client.create(Pod, {
      metadata: { name: "db", namespace },
      spec: {
        containers: [{ name: "db", image: "db:1" }],
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
      },
    })
    await until(cluster.informers(Pod), ([pod]) => pod?.spec.nodeName !== undefined)
    await client.delete(PersistentVolumeClaim, data)
    await atRest(cluster)
    expect((await client.get(PersistentVolumeClaim, data)).metadata.deletionTimestamp).toBeDefined()
    await client.delete(Pod, { name: "db", namespace })
    await until(cluster.informers(PersistentVolumeClaim), (claims) => claims.length === 0)
  })

  it("stays where a pod has come to use it that has not been seen yet", async () => {
    await using undo = new AsyncDisposableStack()
    const { client, server } = undo.use(await startTestApi())
    await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
    const pods = blindWatch("pods")
    const own = createClient({ fetch: pods.through(server.fetchAs({ name: "loops", groups: ["system:masters"] })) })
    const informers = undo.use(createInformers(own, systemClock, silentLog))
    const clock = new SimulatedClock()
    const world = { clock, random: seededRandom(1), log: silentLog }
    undo.use(startVolumeProtection({ client: own, informers, ...world }))
    await informers(Pod).synced
    const claim = (name: string) =>
      client.create(PersistentVolumeClaim, {
        metadata: { name, namespace, finalizers: ["kubernetes.io/pvc-protection"] },
        spec: { accessModes: ["ReadWriteOnce"], resources },
      })
    for (const name of ["used", "unused"]) await claim(name)
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "used" } }]
    const spec = { nodeName: "node-1", containers: [{ name: "db", image: "db:1" }], volumes }
    await client.create(Pod, { metadata: { name: "db", namespace }, spec })
    for (const name of ["used", "unused"]) await client.delete(PersistentVolumeClaim, { name, namespace })
    const left = async () => (await client.list(PersistentVolumeClaim)).items.map(({ metadata }) => metadata.name)
    await expect.poll(left).toEqual(["used"])
    await client.delete(Pod, { name: "db", namespace }, { gracePeriodSeconds: 0 })
    await clock.advance(5_000)
    await expect.poll(left).toEqual([])
  })
})

describe("a volume that somebody deletes", () => {
  it("stays while a claim has it", async () => {
    await using cluster = await startTestCluster()
    const { client, informers } = cluster
    await client.create(PersistentVolume, {
      metadata: { name: "disk", finalizers: ["kubernetes.io/pv-protection"] },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/disk" } },
    })
    const data = { name: "data", namespace }
    await client.create(PersistentVolumeClaim, { metadata: data, spec: { accessModes: ["ReadWriteOnce"], resources } })
    await until(informers(PersistentVolume), ([volume]) => volume?.status?.phase === "Bound")
    await client.delete(PersistentVolume, { name: "disk" })
    await atRest(cluster)
    expect(informers(PersistentVolume).list()).toHaveLength(1)
    await client.delete(PersistentVolumeClaim, data)
    await until(informers(PersistentVolume), (volumes) => volumes.length === 0)
  })
})
