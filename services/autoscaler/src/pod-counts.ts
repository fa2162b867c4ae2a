/** What is read of a Pod. */
export interface PodView {
  readonly metadata: {
    readonly name: string
    readonly deletionTimestamp?: string | undefined
    readonly annotations?: Readonly<Record<string, string>> | undefined
  }
  readonly status?:
    | {
        readonly phase?: string | undefined
        readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined
      }
    | undefined
}

/** Pods that take requests: ready, and not on their way out. */
export function countReady(pods: readonly PodView[]): number {
  return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod)).length
}

/** Pods by how they stand; those that are pending are not ready either. Pods that have ended are in no state. */
export interface PodStates {
  readonly ready: number
  readonly notReady: number
  readonly pending: number
  readonly terminating: number
}

export function podStates(pods: readonly PodView[]): PodStates {
  const states = { ready: 0, notReady: 0, pending: 0, terminating: 0 }
  for (const pod of pods) {
    const phase = pod.status?.phase ?? "Pending"
    if (phase === "Succeeded" || phase === "Failed") continue
    if (pod.metadata.deletionTimestamp !== undefined) states.terminating++
    else if (isReady(pod)) states.ready++
    else states.notReady++
    if (phase === "Pending" && pod.metadata.deletionTimestamp === undefined) states.pending++
  }
  return states
}

function isReady(pod: PodView): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false
}

export const deletionCost = "controller.kubernetes.io/pod-deletion-cost"

/** New costs, so that the ReplicaSet takes the pods with the fewest requests; only those that change. */
export function deletionCosts(
  pods: readonly PodView[],
  inFlight: ReadonlyMap<string, number>,
): { name: string; cost: string }[] {
  return pods
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .map((pod) => ({ pod, cost: String(inFlight.get(pod.metadata.name) ?? 0) }))
    .filter(({ pod, cost }) => (pod.metadata.annotations?.[deletionCost] ?? "0") !== cost)
    .map(({ pod, cost }) => ({ name: pod.metadata.name, cost }))
}
