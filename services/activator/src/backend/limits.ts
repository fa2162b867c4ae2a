/** Where the circuit breaks: what one revision may take of an activator before the next caller is told to come back. */

/** Requests that may wait for one revision, whatever pods it has. Beyond: 503 `pending request queue full`. */
const waitingMax = 10_000

/** With containerConcurrency, each ready pod may have this many times as many waiting before it as it has inside. */
const waitingPerSlot = 10

/** Requests in one pod of a revision without containerConcurrency. Beyond, they wait in line like any other. */
export const podInFlightMax = 20_000

/** Pods that are tried for one request before the client hears of it: 502. */
export const attemptsMax = 20

/**
 * Requests that are sent once more although the first pod may have read them (see `Call.replayable`): each costs one
 * of these, and each tenth answer gives one back. When all pods fail nothing is repeated for long.
 */
export const replaysMax = 100
export const replaysPerAnswer = 0.1

/** Requests that may wait for a revision. `concurrency` 0 is none. */
export function waitingLimit(concurrency: number, readyPods: number): number {
  return waitingMax + waitingPerSlot * concurrency * readyPods
}
