import type { Answer } from "../call.ts"

/** Answers by status; `lost` counts requests that had no answer at all. */
export interface Tally {
  readonly byStatus: Record<number, number>
  readonly lost: string[]
}

/** Sends `count` requests at once and waits for all. */
export async function burst(count: number, send: () => Promise<Answer>): Promise<Tally> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, send))
  return tally(outcomes)
}

/** `concurrency` callers that each send one request after the other until `until` says so. */
export async function steady(concurrency: number, send: () => Promise<Answer>, until: AbortSignal): Promise<Tally> {
  const outcomes: PromiseSettledResult<Answer>[] = []
  const caller = async (): Promise<void> => {
    while (!until.aborted) outcomes.push(...(await Promise.allSettled([send()])))
  }
  await Promise.all(Array.from({ length: concurrency }, caller))
  return tally(outcomes)
}

function tally(outcomes: PromiseSettledResult<Answer>[]): Tally {
  const byStatus: Record<number, number> = {}
  const lost: string[] = []
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") lost.push(String(outcome.reason))
    else byStatus[outcome.value.status] = (byStatus[outcome.value.status] ?? 0) + 1
  }
  return { byStatus, lost }
}
