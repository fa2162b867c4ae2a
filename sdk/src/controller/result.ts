/**
 * What a reconcile says when it is done. There is no "again": say when.
 *
 * Throw anything else than `TerminalError` and the key is tried again with exponential backoff; throw `TerminalError`
 * and it waits for the object to change.
 */
export type Result = { readonly wakeAfterMs?: number }

export const done: Result = {}

export function wakeAfter(ms: number): Result {
  return { wakeAfterMs: ms }
}

/** When there are several reasons to look again: the first of them. */
export function soonest(...results: readonly Result[]): Result {
  const waits = results.flatMap(({ wakeAfterMs }) => wakeAfterMs ?? [])
  return waits.length === 0 ? done : wakeAfter(Math.min(...waits))
}

export class TerminalError extends Error {
  override name = "TerminalError"
}
