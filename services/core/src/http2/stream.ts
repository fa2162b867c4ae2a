import { type ErrorCode, errorCode } from "./error-code.ts"
import type { Limits } from "./limits.ts"
import type { Outbound, OutboundStream } from "./outbound.ts"
import type { RequestHead } from "./request-head.ts"
import type { SendQueue } from "./send-queue.ts"
import type { HeaderList, ServerStream, StreamHandlers } from "./server-stream.ts"

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly outbound: Outbound
  readonly limits: Limits
  /** Bytes of bodies that wait on paused streams. */
  heldBytes: number
  /** Something that was written waits. */
  behind(stream: Stream): void
  /** Calls `settle` at the end of this turn. */
  later(stream: Stream): void
  /** Nothing more goes either way. */
  over(stream: Stream): void
  /** The client has done what it must not, on this stream alone. */
  fault(id: number, code: ErrorCode): void
}

const nothingSaid: HeaderList = []
const nobody: StreamHandlers = {}

/**
 * A stream from the client's head on. Its two halves end one by one, and it is over with the second, or when either side
 * breaks it off:
 *
 *   open ── client's end ──> client has ended ── our end ──┐
 *    │                                                     ├─> over
 *    └───── our end ───────> we have ended ── client's end ┘   <── RST_STREAM of either, from anywhere
 */
export class Stream implements ServerStream, OutboundStream {
  readonly id: number
  readonly headers: HeaderList
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly endsAtHead: boolean
  handlers = nobody
  isClosed = false
  isAnswered = false
  written = 0
  sendWindow: number
  queue: SendQueue | undefined
  isWaiting = false
  ending: HeaderList | undefined
  readonly #host: StreamHost
  readonly #contentLength: number
  #bodyBytes = 0
  #hasClientEnded: boolean
  #hasEnded = false
  /** Bytes that the client may still send, and those that were taken of which it was not told. */
  #receiveWindow: number
  #taken = 0
  #isPaused = false
  #held: Buffer[] | undefined
  /** What came at the end, until it is handed on. */
  #end: HeaderList | undefined
  #owesDrained = false
  #refusesRest = false
  #isDue = false
  #code: ErrorCode = errorCode.noError

  constructor(host: StreamHost, id: number, headers: HeaderList, head: RequestHead, endsAtHead: boolean) {
    this.#host = host
    this.id = id
    this.headers = headers
    this.method = head.method
    this.path = head.path
    this.authority = head.authority
    this.endsAtHead = endsAtHead
    this.#contentLength = head.contentLength
    this.#hasClientEnded = endsAtHead
    this.sendWindow = host.outbound.streamWindow
    this.#receiveWindow = host.limits.streamWindowBytes
  }

  get unread(): number {
    return this.queue?.bytes ?? 0
  }

  get hasClientEnded(): boolean {
    return this.#hasClientEnded
  }

  respond(headers: HeaderList, end = false): void {
    if (this.isClosed) return
    if (this.isAnswered) throw new Error(`stream ${this.id} has its head already`)
    this.isAnswered = true
    this.#host.outbound.headers(this.id, headers, end)
    if (!end) return
    this.ending = nothingSaid
    this.sent()
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed) return true
    if (!this.isAnswered || this.ending)
      throw new Error(`stream ${this.id} is written to before its head or after its end`)
    const { outbound, limits } = this.#host
    this.written += bytes.length
    if (outbound.unread > limits.unreadBytesMax) {
      this.reset(errorCode.enhanceYourCalm)
      return true
    }
    outbound.data(this, bytes)
    if (this.queue === undefined) return true
    this.#host.behind(this)
    if (this.queue.bytes < limits.streamUnreadBytesMin) return true
    this.#owesDrained = true
    return false
  }

  end(trailers: HeaderList = nothingSaid): void {
    if (this.isClosed || this.ending) return
    if (!this.isAnswered) throw new Error(`stream ${this.id} ends before its head`)
    this.ending = trailers
    this.#discard()
    this.#host.outbound.end(this)
  }

  refuseRest(): void {
    this.#refusesRest = true
    if (this.#hasEnded && !this.isClosed) this.reset(errorCode.noError)
  }

  reset(code: ErrorCode): void {
    if (this.isClosed) return
    this.#host.outbound.reset(this.id, code)
    this.close(code)
  }

  pause(): void {
    if (!this.ending) this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#settleLater()
  }

  /** A part of the body; `windowBytes` with what padded it. */
  receive(bytes: Buffer, start: number, end: number, windowBytes: number, endStream: boolean): void {
    this.#receiveWindow -= windowBytes
    if (this.#receiveWindow < 0) {
      this.#host.fault(this.id, errorCode.flowControlError)
      return
    }
    this.#bodyBytes += end - start
    if (this.#contentLength >= 0 && this.#bodyBytes > this.#contentLength) {
      this.#host.fault(this.id, errorCode.protocolError)
      return
    }
    // What only fills a frame is taken at once.
    if (this.#held === undefined && !this.#isPaused) {
      this.#took(windowBytes, endStream)
      if (end > start && !this.ending) this.handlers.onData?.(bytes.subarray(start, end))
    } else {
      this.#took(windowBytes - (end - start), endStream)
      if (!this.#hold(bytes.subarray(start, end))) return
    }
    if (endStream) this.receiveEnd(nothingSaid)
  }

  /** The client has said all, these trailers last. */
  receiveEnd(trailers: HeaderList): void {
    if (this.isClosed) return
    if (this.#contentLength >= 0 && this.#bodyBytes !== this.#contentLength) {
      this.#host.fault(this.id, errorCode.protocolError)
      return
    }
    this.#hasClientEnded = true
    this.#end = trailers
    if (!this.#isPaused && this.#held === undefined) this.#giveEnd()
    if (this.#hasEnded) this.close(errorCode.noError)
  }

  drained(): void {
    if (!this.#owesDrained || this.ending) return
    this.#settleLater()
  }

  sent(): void {
    this.#hasEnded = true
    if (this.#hasClientEnded) this.close(errorCode.noError)
    else if (this.#refusesRest) this.reset(errorCode.noError)
  }

  /** Nothing more goes either way: both have ended, or one of the two or the connection has broken it off. */
  close(code: ErrorCode): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#code = code
    this.#discard()
    this.#host.outbound.forget(this)
    this.#host.over(this)
    this.#settleLater()
  }

  /** Tells what could not be told at once. */
  settle(): void {
    this.#isDue = false
    if (this.isClosed) {
      const { handlers } = this
      this.handlers = nobody
      handlers.onClose?.(this.#code)
      return
    }
    if (this.#owesDrained && this.queue === undefined) {
      this.#owesDrained = false
      this.handlers.onDrained?.()
    }
    while (this.#held !== undefined && !this.#isPaused) {
      const piece = this.#held.shift()
      if (piece === undefined) this.#held = undefined
      else this.#giveHeld(piece)
    }
    if (!this.#isPaused) this.#giveEnd()
  }

  #giveHeld(piece: Buffer): void {
    this.#host.heldBytes -= piece.length
    this.#took(piece.length, this.#hasClientEnded)
    this.handlers.onData?.(piece)
  }

  #giveEnd(): void {
    const trailers = this.#end
    if (trailers === undefined || this.isClosed) return
    this.#end = undefined
    if (!this.ending) this.handlers.onEnd?.(trailers)
  }

  /** Keeps what a paused stream is sent; false when that is too much. */
  #hold(piece: Buffer): boolean {
    if (this.#host.heldBytes + piece.length > this.#host.limits.heldBytesMax) {
      this.#host.fault(this.id, errorCode.enhanceYourCalm)
      return false
    }
    this.#held ??= []
    this.#held.push(piece)
    this.#host.heldBytes += piece.length
    return true
  }

  /** Nobody wants what was kept, nor what still comes. */
  #discard(): void {
    this.#isPaused = false
    for (const piece of this.#held ?? []) {
      this.#host.heldBytes -= piece.length
      if (!this.isClosed) this.#took(piece.length, this.#hasClientEnded)
    }
    this.#held = undefined
  }

  /** Lets the client send as much again, once that is worth a frame. */
  #took(bytes: number, isLast: boolean): void {
    this.#taken += bytes
    if (isLast || this.#taken < this.#host.limits.streamWindowBytes / 2) return
    this.#host.outbound.windowUpdate(this.id, this.#taken)
    this.#receiveWindow += this.#taken
    this.#taken = 0
  }

  #settleLater(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#host.later(this)
  }
}
