import { AssertionError, deepStrictEqual, ok, partialDeepStrictEqual } from "node:assert/strict"
import { isStatus, type Status, type StatusError, type StatusReason } from "../api/meta/status-error.ts"

/** What a case says of what it sees. Made of Node's own assertions, so that any test runner shows what differs. */

export function equal<Value>(actual: Value, expected: Value, what?: string): void {
  if (what === undefined) deepStrictEqual(actual, expected)
  else deepStrictEqual(actual, expected, what)
}

/** `actual` has at least what `expected` has; lists are compared member by member as they stand. */
export function includes(actual: unknown, expected: object): void {
  partialDeepStrictEqual(actual, expected)
}

export function holds(condition: unknown, what: string): asserts condition {
  ok(condition, what)
}

/** The text is there and matches. */
export function says(text: string | undefined, pattern: RegExp): void {
  if (text !== undefined && pattern.test(text)) return
  throw new AssertionError({ message: `does not match ${pattern}`, actual: text, expected: pattern, operator: "says" })
}

export interface Refusal {
  readonly reason: StatusReason
  readonly code?: number
  readonly message?: RegExp | string
  /** Fields that the causes must name, among others. */
  readonly fields?: readonly string[]
  /** Reasons of those causes, in the same order. */
  readonly causes?: readonly string[]
}

/** The API says no, and says it so. */
export async function refused(call: Promise<unknown>, refusal: Refusal | StatusReason): Promise<StatusError> {
  const wanted = typeof refusal === "string" ? { reason: refusal } : refusal
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome === undefined) throw new AssertionError({ message: `was let through; wanted ${wanted.reason}` })
  if (!isStatus(outcome)) throw outcome
  checkStatus(outcome, wanted)
  return outcome
}

/** The same for a `Status` that was read as it is. */
export function isRefusal(status: Partial<Status>, refusal: Refusal): void {
  equal(status.kind, "Status")
  equal(status.apiVersion, "v1")
  equal(status.status, "Failure")
  checkStatus(status, refusal)
}

type Said = { [Key in "reason" | "code" | "message" | "details"]?: Status[Key] | undefined }

function checkStatus(status: Said, wanted: Refusal): void {
  equal(status.reason, wanted.reason, `reason of: ${status.message}`)
  if (wanted.code !== undefined) equal(status.code, wanted.code)
  if (typeof wanted.message === "string") equal(status.message, wanted.message)
  else if (wanted.message) says(status.message, wanted.message)
  const causes = status.details?.causes ?? []
  const fields = causes.map(({ field }) => field ?? "")
  for (const [at, field] of (wanted.fields ?? []).entries()) {
    const cause = causes[fields.indexOf(field)]
    holds(cause, `no cause names ${field}; there are: ${fields.join(", ") || "none"} (${status.message})`)
    if (wanted.causes?.[at]) equal(cause.reason, wanted.causes[at])
  }
}
