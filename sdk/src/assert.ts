/**
 * Three kinds of failure are never mixed in Wick. This file is the first: a bug. An `AssertionError` means that the
 * program is wrong, not the world, so nobody catches it to carry on. API errors are `StatusError`; expected outcomes
 * are returned unions.
 */
export class AssertionError extends Error {
  override name = "AssertionError"
}

/** Throws unless `condition` holds. `why` says why it must hold, not that it did not. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AssertionError(why)
}

/** The end of an exhaustive switch: does not compile when a variant was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable variant: ${JSON.stringify(value)}`)
}

/** The value, where its absence would be a bug. */
export function must<T>(value: T | undefined | null, why: string): T {
  if (value === undefined || value === null) throw new AssertionError(why)
  return value
}
