import type { Effects, Entry, Message } from "#raft"
import { recordOverhead } from "./proposals.ts"
import type { Persist } from "./write-ahead-log.ts"

/** What Raft has asked to be made durable since the last write began, and what may be said once it is. */
export interface Unwritten {
  readonly persist: Persist
  readonly messages: readonly Message[]
}

/** Adds the effects of a later step. Later entries come after earlier ones; of votes and terms the last one counts. */
export function joinEffects(
  before: Unwritten | undefined,
  { persist, sendAfterPersist }: Effects,
): Unwritten | undefined {
  const isEmpty = persist.entries.length === 0 && persist.hardState === undefined && persist.snapshot === undefined
  if (isEmpty && sendAfterPersist.length === 0) return before
  if (before === undefined) return { persist, messages: sendAfterPersist }
  const entries = before.persist.entries as Entry[]
  for (const entry of persist.entries) entries.push(entry)
  const messages = before.messages as Message[]
  for (const message of sendAfterPersist) messages.push(message)
  const hardState = persist.hardState ?? before.persist.hardState
  return { persist: { hardState, snapshot: persist.snapshot ?? before.persist.snapshot, entries }, messages }
}

/** Bytes that it takes in the log at most. */
export function sizeOfUnwritten(unwritten: Unwritten | undefined): number {
  return unwritten === undefined ? 0 : sizeOfEntries(unwritten.persist.entries)
}

export function sizeOfEntries(entries: readonly Entry[]): number {
  let size = 0
  for (const { data } of entries) size += data.length + recordOverhead
  return size
}
