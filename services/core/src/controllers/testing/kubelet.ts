import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { Client } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import type { Informers } from "@wick/sdk/controller"

export interface PlayedCluster {
  readonly client: Client
  readonly informers: Informers
  /** Pods become ready only while this is true. */
  readonly ready: boolean
}

/** A node that is ready, with room for many pods. */
export async function createNode(client: Client, name: string): Promise<void> {
  await client.create(Node, { metadata: { name, labels: { "kubernetes.io/hostname": name } } })
  const allocatable = { cpu: "4", memory: "8Gi", pods: "500" }
  const status = { capacity: allocatable, allocatable, conditions: [{ type: "Ready", status: "True" }] }
  await client.patch(Node, { name }, { type: "merge", body: { status } }, { subresource: "status" })
}

/** Plays the kubelet of all nodes: what is bound runs at once and is ready, what is deleted ends at once. */
export function playKubelet(cluster: PlayedCluster): AsyncDisposable {
  let address = 1
  let stopped = false
  const act = async (pod: Pod): Promise<void> => {
    const { name, namespace = "", uid, deletionTimestamp } = pod.metadata
    if (deletionTimestamp !== undefined) {
      await cluster.client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0, preconditions: { uid } })
      return
    }
    const wanted = cluster.ready ? "True" : "False"
    const told = pod.status?.conditions?.find(({ type }) => type === "Ready")?.status
    if (told === wanted) return
    const conditions = [{ type: "Ready", status: wanted, lastTransitionTime: formatTime(systemClock.now()) }]
    const podIP = pod.status?.podIP ?? `10.0.${address >> 8}.${address++ & 255}`
    const body = { status: { phase: "Running", podIP, podIPs: [{ ip: podIP }], conditions } }
    await cluster.client.patch(Pod, { name, namespace }, { type: "strategic", body }, { subresource: "status" })
  }
  const undo = cluster.informers(Pod).onChange(({ after }) => {
    if (!after?.spec.nodeName || stopped) return
    void act(after).catch((error: unknown) => {
      if (!stopped && !isStatus(error, "NotFound", "Conflict")) throw error
    })
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true
      undo()
    },
  }
}
