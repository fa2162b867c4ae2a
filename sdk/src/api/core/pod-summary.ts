import { ageOf } from "../meta/time.ts"
import type { ContainerStatus, PodStatus } from "./pod-status.ts"

/** What these read of a pod. Not `Pod` itself: its file imports this one. */
interface SeenPod {
  readonly metadata: { readonly deletionTimestamp?: string | undefined }
  readonly spec?: {
    readonly containers: readonly unknown[]
    readonly initContainers?: readonly { name: string; restartPolicy?: string | undefined }[] | undefined
    readonly readinessGates?: readonly { conditionType: string }[] | undefined
  }
  readonly status?: PodStatus | undefined
}

/** `1/2`: containers that can serve, of all that run for the pod's whole life. */
export function podReadyText(pod: SeenPod): string {
  const sidecars = sidecarsOf(pod)
  const all = [...statusesOf(pod.status?.initContainerStatuses, sidecars), ...(pod.status?.containerStatuses ?? [])]
  const total = (pod.spec?.containers.length ?? 0) + sidecars.size
  return `${all.filter((status) => status.ready && status.state?.running).length}/${total}`
}

/** `3 (5m ago)` */
export function podRestartsText(pod: SeenPod, nowMs: number): string {
  const seen = [
    ...statusesOf(pod.status?.initContainerStatuses, sidecarsOf(pod)),
    ...(pod.status?.containerStatuses ?? []),
  ]
  const count = seen.reduce((sum, status) => sum + status.restartCount, 0)
  const ends = seen.map((status) => status.lastState?.terminated?.finishedAt ?? "").sort()
  const last = ends.at(-1)
  return count === 0 || !last ? String(count) : `${count} (${ageOf(last, nowMs)} ago)`
}

/** The one word that tells most: the phase, unless a container or a deletion has more to say. */
export function podStatusText(pod: SeenPod): string {
  const status = pod.status
  let word: string = status?.reason ?? status?.phase ?? "Pending"
  const scheduling = status?.conditions?.find(({ type }) => type === "PodScheduled")
  if (scheduling?.reason === "SchedulingGated") word = "SchedulingGated"
  const initializing = initWord(pod)
  word = initializing ?? containersWord(status, word)
  if (!pod.metadata.deletionTimestamp) return word
  if (status?.reason === "NodeLost") return "Unknown"
  return status?.phase === "Succeeded" || status?.phase === "Failed" ? word : "Terminating"
}

/** What the first init container that is not done yet says; `undefined` when all are. */
function initWord(pod: SeenPod): string | undefined {
  const statuses = pod.status?.initContainerStatuses ?? []
  const sidecars = sidecarsOf(pod)
  for (const [index, { name, state, started }] of statuses.entries()) {
    if (state?.terminated?.exitCode === 0) continue
    if (sidecars.has(name) && started) continue
    if (state?.terminated) return `Init:${endWord(state.terminated)}`
    const waiting = state?.waiting?.reason
    if (waiting && waiting !== "PodInitializing") return `Init:${waiting}`
    return `Init:${index}/${pod.spec?.initContainers?.length ?? statuses.length}`
  }
  return undefined
}

function containersWord(status: PodStatus | undefined, phase: string): string {
  let word = phase
  let running = false
  for (const { state, ready } of [...(status?.containerStatuses ?? [])].reverse()) {
    if (state?.waiting?.reason) word = state.waiting.reason
    else if (state?.terminated) word = endWord(state.terminated)
    else if (ready && state?.running) running = true
  }
  if (word !== "Completed" || !running) return word
  const isReady = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True")
  return isReady ? "Running" : "NotReady"
}

function endWord(end: { reason?: string | undefined; signal?: number | undefined; exitCode: number }): string {
  if (end.reason) return end.reason
  return end.signal ? `Signal:${end.signal}` : `ExitCode:${end.exitCode}`
}

function sidecarsOf(pod: SeenPod): Set<string> {
  const always = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always")
  return new Set(always.map(({ name }) => name))
}

function statusesOf(statuses: readonly ContainerStatus[] | undefined, names: Set<string>): ContainerStatus[] {
  return (statuses ?? []).filter(({ name }) => names.has(name))
}

export function readinessGatesText(pod: SeenPod): string {
  const gates = pod.spec?.readinessGates ?? []
  if (gates.length === 0) return "<none>"
  const conditions = pod.status?.conditions ?? []
  const met = gates.filter((gate) =>
    conditions.some((condition) => condition.type === gate.conditionType && condition.status === "True"),
  )
  return `${met.length}/${gates.length}`
}
