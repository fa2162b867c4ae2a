import type { Configuration, Entry, HardState, LogPosition, MemberId, Message } from "./message.ts"

/**
 * Why members are not changed: it is not this one that leads · it does not know yet what is committed · another change is
 * not committed yet · nobody would vote.
 */
export type ReconfigurationRefusal = "not leader" | "not ready" | "in progress" | "no voters"

/**
 * What the outside must do after a step, in the order of the fields. Messages to oneself come back as inputs.
 */
export interface Effects {
  /**
   * May leave before anything is durable: nothing in them says that it is. A leader writes its own log while its
   * followers write theirs (§10.2.1).
   */
  readonly sendAtOnce: Message[]
  /**
   * 1. Make durable, all of it together. An entry with an index that the log has replaces that one and all after it.
   */
  readonly persist: {
    hardState: HardState | undefined
    snapshot: { readonly at: LogPosition; readonly configuration: Configuration } | undefined
    readonly entries: Entry[]
  }
  /** 2. Only then send: these are votes and acknowledgements, promises which a crash must not undo. */
  readonly sendAfterPersist: Message[]
  /** 3. Apply, in order. Each is durable here and on a majority. */
  readonly commit: Entry[]
  /** 4. Answer these reads once everything up to `index` is applied. */
  readonly reads: { readonly read: number; readonly index: number }[]
  /** Reads that cannot be confirmed here: ask again later. */
  readonly readsLost: number[]
  /** What became of a change of members that this step was asked for. */
  reconfiguration: { readonly at: LogPosition } | { readonly refused: ReconfigurationRefusal } | undefined
  /** What became of the proposals of this step. */
  proposals: { readonly first: LogPosition } | { readonly refusedFor: MemberId } | undefined
}

export function noEffects(): Effects {
  return {
    sendAtOnce: [],
    persist: { hardState: undefined, snapshot: undefined, entries: [] },
    sendAfterPersist: [],
    commit: [],
    reads: [],
    readsLost: [],
    reconfiguration: undefined,
    proposals: undefined,
  }
}
