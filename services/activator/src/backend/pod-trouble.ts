import type { PodStatusView } from "../cluster/watched-kinds.ts"

/** What keeps a pod from serving, in the words of its status. */
export interface PodTrouble {
  /**
   * - `stuck`: nothing is being tried at this moment; the kubelet waits before it tries again, or nobody ever will.
   * - `retrying`: it has failed before and is being tried again.
   */
  readonly phase: "stuck" | "retrying"
  /** Absent where the pod never came to a node. */
  readonly container: string | undefined
  /** `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable`, … */
  readonly reason: string
  /** Of the last attempt that ended. */
  readonly exitCode: number | undefined
  /** It counts when it has been seen for so long: what often passes by itself is given the time to. */
  readonly patienceMs: number
}

/** A Secret or volume that is made a moment after the pod, a registry that hiccups: the kubelet's next attempt may succeed. */
const passingMs = 3000

/** Pods that leave make room, and a cluster may grow: a rollout on a full node looks like this for as long as a drain takes. */
const unschedulableMs = 10_000

/** Waiting reasons in which a container does not run and nothing goes on. Every other one is on its way. */
const stuckReasons: Readonly<Record<string, number>> = {
  CrashLoopBackOff: 0,
  ImagePullBackOff: 0,
  InvalidImageName: 0,
  ErrImageNeverPull: 0,
  ErrImagePull: passingMs,
  CreateContainerConfigError: passingMs,
  CreateContainerError: passingMs,
  RunContainerError: passingMs,
}

/** From so many restarts on a container that runs but is not ready yet is one that may be about to crash again. */
const restartsSuspect = 1

type ContainerStatusView = NonNullable<PodStatusView["containerStatuses"]>[number]

export function podTrouble(status: PodStatusView | undefined): PodTrouble | undefined {
  if (status === undefined) return undefined
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  let retrying: PodTrouble | undefined
  for (const each of statuses) {
    const trouble = containerTrouble(each)
    if (trouble?.phase === "stuck") return trouble
    retrying ??= trouble
  }
  return retrying ?? unschedulable(status)
}

function containerTrouble({
  name,
  state,
  lastState,
  restartCount,
  ready,
}: ContainerStatusView): PodTrouble | undefined {
  if (ready) return undefined
  const exitCode = (state?.terminated ?? lastState?.terminated)?.exitCode
  const waiting = state?.waiting?.reason ?? ""
  const patienceMs = stuckReasons[waiting]
  if (patienceMs !== undefined) return { phase: "stuck", container: name, reason: waiting, exitCode, patienceMs }
  if ((restartCount ?? 0) < restartsSuspect || exitCode === undefined) return undefined
  return { phase: "retrying", container: name, reason: `ExitCode${exitCode}`, exitCode, patienceMs: 0 }
}

function unschedulable({ conditions }: PodStatusView): PodTrouble | undefined {
  const scheduled = conditions?.find(({ type }) => type === "PodScheduled")
  if (scheduled?.status !== "False") return undefined
  const reason = scheduled.reason ?? "Unschedulable"
  return { phase: "stuck", container: undefined, reason, exitCode: undefined, patienceMs: unschedulableMs }
}
