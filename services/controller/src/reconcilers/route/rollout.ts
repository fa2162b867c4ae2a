import * as z from "zod"
import type { Target } from "./traffic.ts"

/*
 * How traffic moves to a new revision little by little. The state is written into an annotation of the route's Ingress, as
 * JSON in Knative's form, so that whoever takes over goes on where another left off. Its times are nanoseconds.
 *
 *   1. A new latest revision gets 1 percent, taken from the newest of the others.            (start time)
 *   2. When gateways have that, the time that it took bounds how fast one may go:            (step size, step time)
 *      as many steps as fit into the duration, each moving the same share, from the newest of the others first.
 *   3. Steps until the newest has everything. A yet newer revision begins at 1 again, on top.
 */

const Share = z.object({ revisionName: z.string(), percent: z.number() })
const Steps = z.object({
  starttime: z.number().optional(),
  nextStepTime: z.number().optional(),
  stepDuration: z.number().optional(),
  stepSize: z.number().optional(),
})
const ConfigurationRollout = z.object({
  configurationName: z.string(),
  tag: z.string().optional(),
  percent: z.number(),
  /** From the oldest to the newest; more than one while traffic moves. */
  revisions: z.array(Share).default([]),
  stepParams: Steps.default({}),
})
const Rollout = z.object({ configurations: z.array(ConfigurationRollout).default([]) })

export type Share = z.output<typeof Share>
type ConfigurationRollout = z.output<typeof ConfigurationRollout>
export type Rollout = z.output<typeof Rollout>

const nanoseconds = 1e6
const stepMsMin = 1_000

/** The state that an annotation tells; absent when it cannot be true. A rollout is not worth failing for. */
export function parseRollout(text: string | undefined): Rollout | undefined {
  if (text === undefined) return undefined
  try {
    const { success, data } = Rollout.safeParse(JSON.parse(text))
    return success && data.configurations.every(isSound) ? data : undefined
  } catch {
    return undefined
  }
}

function isSound({ percent, revisions, stepParams: { stepSize = 0 } }: ConfigurationRollout): boolean {
  return percent <= 100 && stepSize >= 0 && stepSize <= percent && total(revisions) === percent
}

/** Where traffic should be in the end: each configuration's newest ready revision has its whole share. */
export function goalOf(byTag: ReadonlyMap<string, readonly Target[]>): Rollout {
  const configurations = [...byTag].flatMap(([tag, targets]) =>
    targets.flatMap(({ follows, percent = 0, revisionName }): ConfigurationRollout[] => {
      if (follows === undefined) return []
      const revisions = [{ revisionName, percent }]
      return [{ configurationName: follows, ...(tag && { tag }), percent, revisions, stepParams: {} }]
    }),
  )
  return { configurations }
}

/** The shares of a configuration's revisions under a tag, when its traffic is moving. */
export function sharesOf(rollout: Rollout, tag: string, configuration: string): readonly Share[] | undefined {
  const found = rollout.configurations.find(isOf(tag, configuration))
  return found && found.revisions.length > 1 ? found.revisions : undefined
}

export function isOver({ configurations }: Rollout): boolean {
  return configurations.every(({ revisions }) => revisions.length < 2)
}

export interface Moment {
  readonly nowMs: number
  /** How long the whole may take. */
  readonly durationMs: number
  /** Whether gateways have what `before` says. */
  readonly isServed: boolean
}

/** The state now, and when there is something to do again. */
export function advance(
  goal: Rollout,
  before: Rollout | undefined,
  moment: Moment,
): { readonly rollout: Rollout; readonly wakeAtMs?: number } {
  const configurations = goal.configurations.map((wanted) => {
    const last = before?.configurations.find(isOf(wanted.tag ?? "", wanted.configurationName))
    return last && wanted.percent > 1 ? moved(wanted, last, moment) : wanted
  })
  const times = configurations.flatMap(({ stepParams: { nextStepTime } }) => (nextStepTime ? [nextStepTime] : []))
  return {
    rollout: { configurations },
    ...(times.length > 0 && { wakeAtMs: Math.ceil(Math.min(...times) / nanoseconds) }),
  }
}

function moved(wanted: ConfigurationRollout, last: ConfigurationRollout, moment: Moment): ConfigurationRollout {
  const newest = wanted.revisions[0]?.revisionName ?? ""
  const revisions = resized(last, wanted.percent)
  if (revisions.length === 0) return wanted
  if (revisions.at(-1)?.revisionName !== newest) {
    const [others] = drained(revisions, 1, "newest")
    // A revision that returns (a rollback in the midst of it) begins anew.
    const kept = others.filter(({ revisionName }) => revisionName !== newest)
    const percent = wanted.percent - total(kept)
    return {
      ...wanted,
      revisions: [...kept, { revisionName: newest, percent }],
      stepParams: kept.length > 0 ? { starttime: moment.nowMs * nanoseconds } : {},
    }
  }
  if (revisions.length < 2) return wanted
  return stepped({ ...wanted, revisions, stepParams: planned({ ...last, percent: wanted.percent }, moment) }, moment)
}

/** A share that the user has changed: what is added goes to the newest, what is taken is taken from the oldest. */
function resized({ revisions, percent: before }: ConfigurationRollout, percent: number): Share[] {
  if (percent < before) return drained(revisions, before - percent, "oldest")[0]
  return revisions.map((share, at) =>
    at === revisions.length - 1 ? { ...share, percent: share.percent + percent - before } : share,
  )
}

/** Once gateways have the first percent: how large steps are, and how far apart. */
function planned({ percent, stepParams }: ConfigurationRollout, { nowMs, durationMs, isServed }: Moment) {
  const { starttime } = stepParams
  // A share that has become less than a step is moved in one.
  if (stepParams.stepSize !== undefined) return { ...stepParams, stepSize: Math.min(stepParams.stepSize, percent) }
  if (!isServed || starttime === undefined) return stepParams
  // Whole seconds: what one step is known to need.
  const stepMs = Math.max(stepMsMin, Math.ceil((nowMs - starttime / nanoseconds) / stepMsMin) * stepMsMin)
  const restMs = Math.max(stepMsMin, durationMs - stepMs)
  const toMove = percent - 1
  const stepSize = Math.ceil(toMove / Math.min(toMove, Math.max(1, Math.floor(restMs / stepMs))))
  const betweenMs = restMs / Math.ceil(toMove / stepSize)
  return {
    starttime,
    stepSize,
    stepDuration: betweenMs * nanoseconds,
    nextStepTime: (nowMs + betweenMs) * nanoseconds,
  }
}

function stepped(rollout: ConfigurationRollout, { nowMs }: Moment): ConfigurationRollout {
  const { stepSize = 0, stepDuration = 0, nextStepTime } = rollout.stepParams
  if (stepSize === 0 || nextStepTime === undefined || nowMs < Math.floor(nextStepTime / nanoseconds)) return rollout
  const newest = rollout.revisions.at(-1) as Share
  const [others, taken] = drained(rollout.revisions.slice(0, -1), stepSize, "newest")
  const revisions = [...others, { ...newest, percent: newest.percent + taken }]
  if (revisions.length < 2) return { ...rollout, revisions, stepParams: {} }
  return {
    ...rollout,
    revisions,
    stepParams: { ...rollout.stepParams, nextStepTime: nowMs * nanoseconds + stepDuration },
  }
}

/** Takes so much away, from one end on; who has nothing left goes. Also tells how much there was to take. */
function drained(shares: readonly Share[], amount: number, from: "oldest" | "newest"): [Share[], number] {
  let left = amount
  const kept: Share[] = []
  for (const share of from === "oldest" ? shares : shares.toReversed()) {
    const taken = Math.min(share.percent, left)
    left -= taken
    if (share.percent > taken) kept.push({ ...share, percent: share.percent - taken })
  }
  return [from === "oldest" ? kept : kept.reverse(), amount - left]
}

function isOf(tag: string, configuration: string) {
  return (one: ConfigurationRollout): boolean => one.configurationName === configuration && (one.tag ?? "") === tag
}

function total(shares: readonly Share[]): number {
  return shares.reduce((sum, { percent }) => sum + percent, 0)
}
