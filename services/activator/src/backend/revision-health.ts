import type { PodTrouble } from "./pod-trouble.ts"

/**
 * Whether waiting for a revision makes sense.
 *
 * - `well`: whoever finds no free pod may wait. Entered by any ready pod, or when what is known is too old to count.
 * - `failing`: there are pods and every one is stuck, or none can be made: nobody waits, who does is told why.
 * - `trying`: it was failing and something is being tried again: one caller may wait, and is the probe; the others are
 *   told what was wrong before. Left by a ready pod, by the next failure, or by time.
 *
 *     well ──▶ failing ◀──▶ trying ──▶ well
 *       ▲─────────┘
 */
export type RevisionHealth =
  | { readonly state: "well"; readonly recheckMs?: number }
  | { readonly state: "failing"; readonly trouble: Cause }
  | { readonly state: "trying"; readonly trouble: Cause; readonly untilMs: number }

export type Cause = Pick<PodTrouble, "container" | "reason" | "exitCode">

export interface Patient {
  readonly phase: "starting" | "ready" | "draining"
  readonly trouble: PodTrouble | undefined
  /** Since when it has the trouble that it has. */
  readonly troubledMs: number
}

export const well: RevisionHealth = { state: "well" }

/** So long after the last stuck pod is gone or works on, the revision is still taken for one that may fail. */
export const suspicionMs = 10_000

/** Pure. `unmakeable`: why no pod of the revision can even be made, from its own conditions. */
export function judgeHealth(
  before: RevisionHealth,
  pods: Iterable<Patient>,
  unmakeable: Cause | undefined,
  nowMs: number,
): RevisionHealth {
  let living = 0
  let stuck = 0
  let retrying = false
  let worst: Cause | undefined
  let recheckMs = Number.POSITIVE_INFINITY
  for (const { phase, trouble, troubledMs } of pods) {
    if (phase === "ready") return well
    if (phase === "draining") continue
    living++
    if (trouble === undefined) continue
    if (trouble.phase === "retrying") {
      retrying = true
      continue
    }
    const dueMs = troubledMs + trouble.patienceMs
    if (dueMs > nowMs && before.state === "well") {
      recheckMs = Math.min(recheckMs, dueMs)
      continue
    }
    stuck++
    worst ??= trouble
  }
  if (living === 0 && unmakeable !== undefined) return { state: "failing", trouble: unmakeable }
  if (worst !== undefined && stuck === living) return { state: "failing", trouble: worst }
  if (before.state === "well") return recheckMs === Number.POSITIVE_INFINITY ? well : { state: "well", recheckMs }
  const untilMs = before.state === "trying" && !retrying ? before.untilMs : nowMs + suspicionMs
  return untilMs > nowMs ? { state: "trying", trouble: before.trouble, untilMs } : well
}

/** What a caller is told. Callers may be anyone: neither pod, image, node nor message of the runtime is named. */
export function failureText(revision: string, { container, reason, exitCode }: Cause): string {
  const where = container === undefined ? "its pods" : `container ${container}`
  const ended = exitCode === undefined || reason === `ExitCode${exitCode}` ? "" : ` (exit code ${exitCode})`
  return `revision ${revision} cannot serve: ${where}: ${reason}${ended}`
}
