import type { Clock } from "@wick/sdk/clock"
import { newestAttempt, type Observed } from "../pod/observed.ts"
import type { PodFleet } from "../pod/pod-fleet.ts"
import type { ContainerStats, PodIdentity, Runtime } from "../runtime/runtime.ts"
import { type NodeUsage, nodeUsage } from "./node-usage.ts"

/** What a node and everything on it use at one moment. */
export interface Sample {
  readonly atMs: number
  readonly node: NodeUsage
  readonly pods: readonly PodSample[]
}

export interface PodSample {
  readonly pod: PodIdentity
  readonly startedAtMs: number
  readonly containers: readonly ContainerSample[]
}

export interface ContainerSample {
  readonly name: string
  /** As the pod names it. */
  readonly image: string
  readonly startedAtMs: number
  readonly stats: ContainerStats
}

export interface StatsDeps {
  readonly fleet: PodFleet
  readonly runtime: Runtime
  readonly clock: Clock
}

/** Reads everything once. Nothing of it is kept: whoever wants a rate asks twice. */
export async function takeSample({ fleet, runtime, clock }: StatsDeps): Promise<Sample> {
  const [stats, node] = await Promise.all([runtime.stats(), nodeUsage()])
  const byId = new Map(stats.map((each) => [each.id, each]))
  const pods = [...fleet.workers()].map(({ state }) => podSample(state.pod.metadata, state.observed, byId))
  return { atMs: clock.now(), node, pods: pods.filter(({ containers }) => containers.length > 0) }
}

function podSample(
  { uid, name, namespace }: { uid: string; name: string; namespace?: string | undefined },
  observed: Observed,
  stats: ReadonlyMap<string, ContainerStats>,
): PodSample {
  const names = new Set(observed.containers.map((record) => record.name))
  const containers = [...names].flatMap((container) => {
    const record = newestAttempt(observed, container)
    const found = record?.state === "running" && stats.get(record.id)
    if (!found) return []
    const { image, createdAtMs, startedAtMs = createdAtMs } = record
    return [{ name: container, image, startedAtMs, stats: found }]
  })
  const startedAtMs = Math.min(...observed.sandboxes.map(({ createdAtMs }) => createdAtMs))
  return { pod: { uid, name, namespace: namespace ?? "" }, startedAtMs, containers }
}
