import type { Configuration, LogPosition } from "#raft"
import type { Mvcc, Position, Records } from "#store"
import type { StateSource } from "./transport.ts"

/** What a saved state holds: everything that the log says up to `applied`. */
export interface Checkpoint {
  readonly applied: LogPosition
  readonly configuration: Configuration
  readonly position: Position
}

/**
 * The applied state, kept so that a restart needs only the log after its last checkpoint. It is behind: what was
 * applied since then is in memory, and in the log.
 */
export interface AppliedState extends Records {
  /** The state machine as of the last checkpoint, and that checkpoint; a new one when there is none. */
  load(): { readonly mvcc: Mvcc; readonly checkpoint: Checkpoint | undefined }
  /** Bytes that the next checkpoint would write. */
  readonly unsavedSize: number
  /** Whether the last save has left something for the next one. */
  readonly hasOverdue: boolean
  readonly isSaved: boolean
  /** Bytes that it takes, and those of them that hold something. */
  sizes(): { readonly size: number; readonly sizeInUse: number }
  /**
   * Saves all that was applied, in one piece: after a crash it is there or it is not. Commands may be applied meanwhile;
   * they are for the next one. Throws NoSpaceError, after which nothing is lost and it may be tried again.
   */
  save(checkpoint: Checkpoint): Promise<void>
  /** The state as it was last saved, for a member that lacks it. Undefined: nothing was saved yet. */
  source(): { readonly checkpoint: Checkpoint; readonly state: StateSource } | undefined
  close(): Promise<void>
}

/** What a log has: the entries that follow on `before`. */
export interface LogSpan {
  readonly before: LogPosition
  readonly entries: readonly LogPosition[]
}

/**
 * Whether it has an entry of that term in that place. Two logs that have are equal up to there (paper §5.3), so only then
 * can it go on from a state that was saved there.
 */
export function spans({ before, entries }: LogSpan, { index, term }: LogPosition): boolean {
  const found = index === before.index ? before : entries[index - before.index - 1]
  return found?.term === term
}

/**
 * Where applied states are. There is one, and for a while a second one: the state that comes from a leader is written
 * beside the old one, and the log says which of them holds after a crash.
 */
export interface StateHome {
  /**
   * Opens the newest state that the log can go on from, see `spans`, or a new one when the log begins at its beginning. One
   * that came from a leader is none of them, however new, as long as the log was not restarted after it: what the log has
   * in its place may be what another leader wrote. Removes all others. Throws CorruptLogError when there is none.
   */
  open(log: LogSpan): Promise<AppliedState>
  /**
   * Writes a state that comes from a leader beside the present one; resolves when all of it is durable. Throws
   * CorruptStateError when the bytes are not those of a whole state, NoSpaceError when the disk has no room for it, and
   * leaves nothing then.
   */
  receive(chunks: AsyncIterable<Uint8Array>): Promise<ReceivedState>
  /** Removes a state that is not needed any more: the one before a new one, or a new one that came too late. */
  remove(state: AppliedState): Promise<void>
}

export interface ReceivedState {
  readonly state: AppliedState
  readonly mvcc: Mvcc
  readonly checkpoint: Checkpoint
}
