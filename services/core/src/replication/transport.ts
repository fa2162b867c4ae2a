import type { MemberId, Message, MessageOf } from "#raft"

/**
 * Carries messages between members. They may be lost, delayed, reordered and repeated, but never altered, and never come
 * from another than they say: whoever implements this authenticates members.
 */
export interface Transport {
  /** Takes it or drops it; never blocks, never throws. Queues are bounded in bytes for each peer. */
  send(message: Message): void
  /**
   * Brings a state and the message that belongs to it; the other side hands both to `onSnapshot`, as it comes. Resolves
   * when it was taken in, rejects when not or when that is unknown.
   */
  sendSnapshot(message: MessageOf<"snapshot">, state: StateSource, signal: AbortSignal): Promise<void>
  /**
   * Asks another member something. Exactly one attempt, never repeated: after a loss nobody knows whether it arrived.
   * Rejects with NotSentError when it is certain that it did not.
   */
  call(to: MemberId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Who is there, and at which URL (https://host:port). Called at start and whenever that changes. */
  setPeers(peers: ReadonlyMap<MemberId, string>): void
  close(): Promise<void>
}

/** The side that a transport calls. */
export interface TransportHandler {
  onMessage(message: Message): void
  /**
   * `chunks` reads the state once, while it comes, each chunk as it was sent; it throws when the rest does not come. Whether
   * it is a whole state is for the reader to see.
   */
  onSnapshot(message: MessageOf<"snapshot">, chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** Answers to `call` are bytes; a rejection reaches the caller as a lost answer. */
  onCall(from: MemberId, request: Uint8Array): Promise<Uint8Array>
}

/** The state at one position of the log, as bytes that are the same each time they are read. */
export interface StateSource {
  /** Undefined when it is not known before it is read. */
  readonly size: number | undefined
  /** From `offset` on; may be called again, to resume. */
  open(offset: number): AsyncIterable<Uint8Array>
  /** Lets go of the state, which is kept as it was for as long as this is open. */
  close(): Promise<void>
}

export type Connect = (handler: TransportHandler) => Transport

/** A call was certainly not received by the other side: what it asked for was not begun. */
export class NotSentError extends Error {
  override name = "NotSentError"
}
