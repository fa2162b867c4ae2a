import { parentPort, workerData } from "node:worker_threads"
import { outsideOfPromises } from "./timeline.ts"
import { runWorld } from "./world.ts"

/** Seeds for one thread: every `step`th from `from` on, before `until`. */
export interface Share {
  readonly from: number
  readonly until: number
  readonly step: number
}

/** What has come of some worlds. */
export interface Tally {
  readonly seeds: number
  readonly simulatedMs: number
  readonly operations: number
  readonly entries: number
  readonly terms: number
  readonly undecided: number
  readonly failures: readonly { readonly seed: number; readonly message: string }[]
}

/** Worlds between two reports. */
const seedsPerReport = 50

const { from, until, step } = workerData as Share
for (let seed = from; seed < until; ) {
  const tally = { seeds: 0, simulatedMs: 0, operations: 0, entries: 0, terms: 0, undecided: 0 }
  const failures: { seed: number; message: string }[] = []
  for (; seed < until && tally.seeds < seedsPerReport; seed += step) {
    const { failure, ...outcome } = await outsideOfPromises(() => runWorld({ seed }))
    tally.seeds++
    tally.simulatedMs += outcome.simulatedMs
    tally.operations += outcome.operations
    tally.entries += outcome.entries
    tally.terms += outcome.terms
    if (outcome.isUndecided) tally.undecided++
    if (failure !== undefined) failures.push({ seed, message: failure.message })
  }
  parentPort?.postMessage({ ...tally, failures } satisfies Tally)
}
