import type { Pod } from "../backend/pod.ts"

/**
 * What a start from zero passes through, each until:
 *
 * - `queued`: the autoscaler hears of the first request that waits;
 * - `decided`: it has decided, and the API server has taken its decision;
 * - `scheduled`: a pod is made and has a node;
 * - `sandbox`: the pod has an address;
 * - `started`: its containers run;
 * - `first_probe`: it answers a probe, ours or the kubelet's;
 * - `first_byte`: its answer to a request begins.
 */
export const coldPhases = ["queued", "decided", "scheduled", "sandbox", "started", "first_probe", "first_byte"] as const
export type ColdPhase = (typeof coldPhases)[number]
/** When each phase was over, by this process's own clock: clocks of other hosts have no part in it. */
export type ColdMarks = Readonly<Partial<Record<ColdPhase, number>>>

/** A start from zero that is under way: begun by a request that waited where there was no pod. */
export class ColdStart {
  readonly beganMs: number
  #heardMs: number | undefined
  #decidedMs: number | undefined

  constructor(nowMs: number) {
    this.beganMs = nowMs
  }

  /** The autoscaler says that pods are asked for now, `thoughtMs` after it heard of the request. Its first word counts. */
  decided(nowMs: number, thoughtMs: number): void {
    if (this.#decidedMs !== undefined) return
    this.#decidedMs = nowMs
    this.#heardMs = Math.max(this.beganMs, nowMs - thoughtMs)
  }

  /** The answer has begun, from this pod. */
  marks({ marks }: Pod, nowMs: number): ColdMarks {
    return { queued: this.#heardMs, decided: this.#decidedMs, ...marks, first_byte: nowMs } as ColdMarks
  }
}

/**
 * How long each phase took; together they are the whole. A mark that was not seen, or only after a later one (a status is told
 * after the fact), leaves its phase out: its time is in the next one that is known.
 */
export function phaseLengths(beganMs: number, marks: ColdMarks): [ColdPhase, number][] {
  const lengths: [ColdPhase, number][] = []
  let lastMs = beganMs
  coldPhases.forEach((phase, at) => {
    const mark = marks[phase]
    const isOvertaken = coldPhases
      .slice(at + 1)
      .some((later) => (marks[later] ?? Number.POSITIVE_INFINITY) < (mark ?? 0))
    if (mark === undefined || mark < lastMs || isOvertaken) return
    lengths.push([phase, mark - lastMs])
    lastMs = mark
  })
  return lengths
}
