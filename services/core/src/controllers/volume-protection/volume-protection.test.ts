import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import { atRest, startTestCluster, until } from "../testing/cluster.ts"

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
