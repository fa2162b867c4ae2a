import type { Metrics, Reading } from "@wick/sdk/metrics"
import type { PodStates } from "../pod-counts.ts"
import type { ScalingSpec } from "../settings.ts"

/** What is told of one revision, found out when somebody asks. */
export interface RevisionFigures {
  readonly labels: Readonly<Record<string, string>>
  readonly spec: ScalingSpec
  /** Of the last plan; absent before there was one. */
  readonly plan: PlanFigures | undefined
  /** What the Deployment is told. */
  readonly requested: number
  /** In the metric's unit, of all pods together. */
  load(): { readonly stable: number; readonly panic: number }
  pods(): PodStates
}

export interface PlanFigures {
  readonly desired: number
  readonly excessBurst: number
  readonly isPanicking: boolean
}

const pod = "{pod}"

/** By Knative's names. A revision that is not there any more has no series; nothing is kept between two questions. Returns its undoing. */
export function exposeScaling(metrics: Metrics, revisions: () => Iterable<RevisionFigures>): () => void {
  const undo: (() => void)[] = []
  const gauge = (name: string, unit: string, help: string, read: (of: RevisionFigures) => number | undefined): void => {
    const readings = (): Reading[] =>
      [...revisions()].flatMap((revision) => {
        const value = read(revision)
        return value === undefined ? [] : [{ labels: revision.labels, value }]
      })
    undo.push(metrics.observed(name, help, readings, "gauge", { unit }))
  }
  gauge("kn.revision.pods.desired", pod, "Pods that the load wants, before bounds.", ({ plan }) => plan?.desired)
  gauge("kn.revision.pods.requested", pod, "Pods that are asked of Kubernetes.", ({ requested }) => requested)
  gauge("kn.revision.pods.count", pod, "Pods that are ready.", ({ pods }) => pods().ready)
  gauge("kn.revision.pods.not_ready.count", pod, "Pods that are not ready.", ({ pods }) => pods().notReady)
  gauge("kn.revision.pods.pending.count", pod, "Pods that are pending.", ({ pods }) => pods().pending)
  gauge("kn.revision.pods.terminating.count", pod, "Pods on their way out.", ({ pods }) => pods().terminating)
  const excess = "Room for a burst beside the present load; below 0 activators have to buffer."
  gauge("kn.revision.capacity.excess", "{concurrency}", excess, ({ plan }) => plan?.excessBurst)
  gauge("kn.revision.panic.mode", "", "1 while the autoscaler panics.", ({ plan }) => plan && Number(plan.isPanicking))
  for (const [metric, unit] of [
    ["concurrency", "{concurrency}"],
    ["rps", "{request}/s"],
  ] as const) {
    const own = (read: (of: RevisionFigures) => number) => (revision: RevisionFigures) =>
      revision.spec.metric === metric ? read(revision) : undefined
    const of = `kn.revision.${metric}`
    gauge(
      `${of}.stable`,
      unit,
      "Average load over the stable window.",
      own(({ load }) => load().stable),
    )
    gauge(
      `${of}.panic`,
      unit,
      "Average load over the panic window.",
      own(({ load }) => load().panic),
    )
    gauge(
      `${of}.target`,
      unit,
      "What each pod should bear.",
      own(({ spec }) => spec.targetPerPod),
    )
  }
  return () => {
    for (const each of undo) each()
  }
}
