import type { ErrorCode } from "./error-code.ts"

/** Name, value, name, value, …; pseudo-headers first, names in lower case. A frozen list that is sent again is encoded once. */
export type HeaderList = readonly string[]

/**
 * Who is told what happens on a stream. All are called from the connection's own turn, never from within a call of the
 * stream's methods, and none after `onClose`.
 */
export interface StreamHandlers {
  /** A part of the body. It is a view of what came from the network: whoever keeps it for long copies it. */
  onData?(bytes: Buffer): void
  /** The body is over; not called of a stream that ended at its head. */
  onEnd?(trailers: HeaderList): void
  /** All has been taken that was unread when `write` said false. */
  onDrained?(): void
  /** Nothing more comes and nothing more can be said: both sides ended (`noError`), or somebody broke it off. Once. */
  onClose?(code: ErrorCode): void
}

/** One request of a client and its answer. */
export interface ServerStream {
  readonly id: number
  /** As it came, pseudo-headers among it; checked against RFC 9113, section 8. */
  readonly headers: HeaderList
  readonly method: string
  /** With its query; "" for CONNECT. */
  readonly path: string
  /** Any text: some clients write a whole URL there. "" where there is none. */
  readonly authority: string
  /** There is no body. */
  readonly endsAtHead: boolean
  /** To be set before `onStream` returns, or what happens until it is goes unheard: a body is thrown away. */
  handlers: StreamHandlers
  /** The stream is over; whatever is said goes nowhere. */
  readonly isClosed: boolean
  /** The head of an answer was given. */
  readonly isAnswered: boolean
  /** Bytes that were written and wait here: the client, or its connection, takes no more at present. */
  readonly unread: number
  /** Bytes that were written so far; what of them is not `unread` has gone to the network. */
  readonly written: number
  /** `:status` first. With `end`, the head is the whole answer. */
  respond(headers: HeaderList, end?: boolean): void
  /**
   * The next part of the answer; it must not be changed afterwards. False when a client is behind: who can wait goes on
   * at `onDrained`. What is given is sent all the same, unless the connection's limit is reached.
   */
  write(bytes: Uint8Array): boolean
  /** Ends the answer, after all that was written. What the client still sends of its body is thrown away. */
  end(trailers?: HeaderList): void
  /** After the end, once all is sent: asks the client to send no more of its body (RFC 9113, section 8.1). */
  refuseRest(): void
  /** Breaks the stream off; what is unread is thrown away. `onClose` is told, later. */
  reset(code: ErrorCode): void
  /** Takes no more of the body until `resume`; the client stops when its window is full. */
  pause(): void
  resume(): void
}
