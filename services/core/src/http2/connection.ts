import type { Duplex } from "node:stream"
import type { Clock, Timer } from "@wick/sdk/clock"
import { Allowance } from "./allowance.ts"
import { ConnectionError, type ErrorCode, errorCode } from "./error-code.ts"
import { frameFlag, windowMax, windowUsual } from "./frame.ts"
import { FrameReader } from "./frame-reader.ts"
import { CompressionError } from "./hpack/compression-error.ts"
import { HeaderDecoder } from "./hpack/decoder.ts"
import { type Heard, Inbound } from "./inbound.ts"
import { type Limits, usualLimits } from "./limits.ts"
import { Outbound } from "./outbound.ts"
import { faultOfTrailers, type RequestHead, readRequestHead } from "./request-head.ts"
import type { HeaderList, ServerStream } from "./server-stream.ts"
import { type PeerSettings, settingsFrame } from "./settings.ts"
import { Stalls } from "./stalls.ts"
import { Stream, type StreamHost } from "./stream.ts"
import { atEndOfTurn } from "./turn.ts"

export interface ConnectionOptions {
  readonly clock: Clock
  /** Other limits than the usual ones. */
  readonly limits?: Partial<Limits>
  /** A request; its handlers are set before this returns. */
  readonly onStream: (stream: ServerStream) => void
  /** A request whose head is larger than `headerListBytesMax`: nothing is known of it. Unless given, 431 without a body. */
  readonly onOversizedHead?: (stream: ServerStream) => void
  /** A stream is broken off, for nothing of so many bytes was taken for `stalledMsMax`. */
  readonly onStalled?: (unreadBytes: number) => void
  /** The connection is over, with the mistake of the client that ended it if there was one. Once. */
  readonly onClose?: (fault: ConnectionError | undefined) => void
}

export interface Connection {
  readonly openStreams: number
  /** Bytes of all answers that wait here to be taken. */
  readonly unread: number
  /** Takes no more streams, and closes when those there are are over. */
  goAway(): void
  /** Cuts everything off. */
  destroy(): void
}

/** Speaks HTTP/2 over a socket on which nothing has been read yet. */
export function serveConnection(socket: Duplex, options: ConnectionOptions): Connection {
  return new ServerConnection(socket, options)
}

/** Bytes of HPACK's table for what a client sends: what there is unless somebody says otherwise. */
const headerTableBytes = 4096
/** A client that was told why its connection ends has so long to read it and to hang up. */
const lingerMs = 5_000
/** Streams that were broken off here: what the client sent before it knew is not held against it. */
const recentResetsMax = 256
/** Says in an answer to it that the client has heard that no more streams are taken. */
const leavingPing = Buffer.from("goodbye!")

const tooLarge: HeaderList = Object.freeze([":status", "431", "content-length", "0"])
const unknownHead: RequestHead = { method: "", path: "", authority: "", contentLength: -1 }

class ServerConnection implements Connection, Heard, StreamHost {
  readonly outbound: Outbound
  readonly limits: Limits
  heldBytes = 0
  isOver = false
  readonly #socket: Duplex
  readonly #options: ConnectionOptions
  readonly #reader: FrameReader
  readonly #decoder = new HeaderDecoder(headerTableBytes)
  readonly #streams = new Map<number, Stream>()
  readonly #recentResets = new Set<number>()
  readonly #resets: Allowance
  readonly #emptyFrames: Allowance
  readonly #stalls: Stalls<Stream>
  #unsettled: Stream[] = []
  #lastId = 0
  /** The last stream that is taken, once no more are. */
  #lastTaken = windowMax
  #leaving: "no" | "announced" | "left" = "no"
  #settingsHeard = 0
  #areSettingsTaken = false
  /** Bytes of bodies that were taken and of which the client was not told. */
  #taken = 0
  #isTurnDue = false
  #timer: Timer | undefined
  /** Whether anything came since the timer was set. */
  #wasHeard = false
  #fault: ConnectionError | undefined

  constructor(socket: Duplex, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.limits = { ...usualLimits, ...options.limits }
    const { clock } = options
    const { resetsMax, resetsPerSecond, emptyFramesMax, emptyFramesPerSecond } = this.limits
    this.#resets = new Allowance(resetsMax, resetsPerSecond, clock.monotonic())
    this.#emptyFrames = new Allowance(emptyFramesMax, emptyFramesPerSecond, clock.monotonic())
    this.#stalls = new Stalls(clock, this.limits.stalledMsMax, (stream) => this.#cut(stream))
    this.outbound = new Outbound(socket, () => this.#wake())
    this.#reader = new FrameReader(new Inbound(this, this.limits))
    this.outbound.raw(settingsFrame(this.limits))
    const { connectionWindowBytes } = this.limits
    if (connectionWindowBytes > windowUsual) this.outbound.windowUpdate(0, connectionWindowBytes - windowUsual)
    this.#timer = clock.timer(this.limits.openingMsMax, () => this.#mindOpening())
    socket.on("data", (chunk: Buffer) => this.#received(chunk))
    socket.on("drain", () => this.#guard(() => this.outbound.goOn()))
    socket.on("error", () => {}) // the end follows
    socket.on("end", () => this.destroy())
    socket.on("close", () => this.#closed())
    if (socket.closed) this.#closed()
  }

  get openStreams(): number {
    return this.#streams.size
  }

  get unread(): number {
    return this.outbound.unread
  }

  goAway(): void {
    if (this.#leaving !== "no" || this.isOver) return
    this.#leaving = "announced"
    // Streams that are on their way are still taken: only what comes after the answer to this ping was sent knowingly.
    this.outbound.goAway(windowMax, errorCode.noError, "")
    this.outbound.ping(leavingPing, 0, 0)
  }

  destroy(): void {
    this.#socket.destroy()
    this.#end(errorCode.cancel)
  }

  headers(id: number, block: Buffer, endStream: boolean): void {
    const list = this.#decoder.decode(block, this.limits.headerListBytesMax)
    const stream = this.#streams.get(id)
    if (stream !== undefined) {
      this.#trailers(stream, list, endStream)
      return
    }
    if (id % 2 === 0) throw new ConnectionError(errorCode.protocolError, `stream ${id} is not a client's to open`)
    if (id <= this.#lastId) {
      if (this.#recentResets.has(id)) return
      throw new ConnectionError(errorCode.streamClosed, `stream ${id} has a head after its end`)
    }
    this.#lastId = id
    if (id > this.#lastTaken) return
    if (this.#streams.size >= this.limits.streamsMax) {
      // Before it has our settings a client cannot know.
      if (this.#areSettingsTaken) this.#charge(this.#resets, "streams were refused or broken off")
      this.#reset(id, errorCode.refusedStream)
      return
    }
    this.#open(id, list, endStream)
  }

  #open(id: number, list: HeaderList | undefined, endStream: boolean): void {
    const head = list === undefined ? unknownHead : readRequestHead(list)
    if (typeof head === "string" || (endStream && head.contentLength > 0)) {
      this.fault(id, errorCode.protocolError)
      return
    }
    const stream = new Stream(this, id, list ?? [], head, endStream)
    this.#streams.set(id, stream)
    if (list !== undefined) {
      this.#options.onStream(stream)
      return
    }
    if (this.#options.onOversizedHead) {
      this.#options.onOversizedHead(stream)
      return
    }
    stream.respond(tooLarge, true)
    stream.refuseRest()
  }

  #trailers(stream: Stream, list: HeaderList | undefined, endStream: boolean): void {
    if (stream.hasClientEnded) {
      this.fault(stream.id, errorCode.streamClosed)
      return
    }
    if (!endStream || list === undefined || faultOfTrailers(list) !== undefined) {
      this.fault(stream.id, errorCode.protocolError)
      return
    }
    stream.receiveEnd(list)
  }

  data(id: number, bytes: Buffer, start: number, end: number, windowBytes: number, endStream: boolean): void {
    this.#took(windowBytes)
    if (start === end && !endStream) this.#charge(this.#emptyFrames, "frames said nothing")
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      this.#mindIdle(id)
      if (!this.#recentResets.has(id) && id <= this.#lastTaken) this.fault(id, errorCode.streamClosed)
    } else if (stream.hasClientEnded) this.fault(id, errorCode.streamClosed)
    else stream.receive(bytes, start, end, windowBytes, endStream)
  }

  reset(id: number, code: ErrorCode): void {
    this.#mindIdle(id)
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    this.#charge(this.#resets, "streams were refused or broken off")
    stream.close(code)
  }

  settings(settings: PeerSettings): void {
    if (this.#settingsHeard++ > 0) this.#charge(this.#emptyFrames, "frames said nothing")
    this.outbound.apply(settings, this.#streams.values())
    this.outbound.settingsTaken()
  }

  settingsTaken(): void {
    this.#areSettingsTaken = true
  }

  ping(bytes: Buffer, start: number): void {
    this.outbound.ping(bytes, start, frameFlag.ack)
  }

  pong(): void {
    if (this.#leaving !== "announced") return
    this.#leaving = "left"
    this.#lastTaken = this.#lastId
    this.outbound.goAway(this.#lastId, errorCode.noError, "")
    this.#leaveWhenEmpty()
  }

  windowUpdate(id: number, increment: number): void {
    if (id === 0) {
      this.outbound.widen(increment)
      return
    }
    this.#mindIdle(id)
    const stream = this.#streams.get(id)
    if (stream === undefined || this.outbound.widenStream(stream, increment)) return
    this.fault(id, errorCode.flowControlError)
  }

  /** The client leaves, when its streams are over. */
  clientLeaves(): void {
    this.goAway()
  }

  fault(id: number, code: ErrorCode): void {
    this.#mindIdle(id)
    this.#charge(this.#resets, "streams were refused or broken off")
    const stream = this.#streams.get(id)
    this.#reset(id, code)
    stream?.close(code)
  }

  behind(stream: Stream): void {
    this.#stalls.mind(stream)
  }

  later(stream: Stream): void {
    this.#unsettled.push(stream)
    this.#wake()
  }

  over(stream: Stream): void {
    this.#streams.delete(stream.id)
    if (!stream.hasClientEnded) this.#remember(stream.id)
    this.#leaveWhenEmpty()
  }

  endTurn(): void {
    this.#isTurnDue = false
    this.#settle()
    this.outbound.flush()
  }

  #received(chunk: Buffer): void {
    if (this.isOver) return
    this.#wasHeard = true
    this.#guard(() => this.#reader.push(chunk))
    if (this.outbound.unreadFrames <= this.limits.unreadAnswersMax) return
    const message = `${this.outbound.unreadFrames} answers wait to be read`
    this.#fail(new ConnectionError(errorCode.enhanceYourCalm, message))
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof ConnectionError) this.#fail(error)
      else if (error instanceof CompressionError) {
        this.#fail(new ConnectionError(errorCode.compressionError, error.message))
      } else throw error
    }
  }

  /** Tells the client what was wrong, and hangs up. */
  #fail(error: ConnectionError): void {
    if (this.isOver) return
    this.#fault = error
    this.outbound.goAway(this.#lastId, error.code, error.message)
    this.#hangUp(error.code)
  }

  #hangUp(code: ErrorCode): void {
    this.#end(code)
    this.outbound.finish()
    this.#timer = this.#options.clock.timer(lingerMs, () => this.#socket.destroy())
  }

  /** From here on nothing is heard, and streams are over. */
  #end(code: ErrorCode): void {
    if (this.isOver) return
    this.isOver = true
    this.#timer?.cancel()
    this.#stalls.close()
    for (const stream of [...this.#streams.values()]) stream.close(code)
  }

  #closed(): void {
    this.#end(errorCode.cancel)
    this.#timer?.cancel()
    this.#settle()
    this.#options.onClose?.(this.#fault)
  }

  #leaveWhenEmpty(): void {
    if (this.#leaving === "left" && this.#streams.size === 0 && !this.isOver) this.#hangUp(errorCode.noError)
  }

  #cut(stream: Stream): void {
    this.#options.onStalled?.(stream.unread)
    stream.reset(errorCode.enhanceYourCalm)
  }

  #settle(): void {
    const streams = this.#unsettled
    if (streams.length === 0) return
    this.#unsettled = []
    for (const stream of streams) stream.settle()
  }

  #wake(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    atEndOfTurn(this)
  }

  #reset(id: number, code: ErrorCode): void {
    this.outbound.reset(id, code)
    this.#remember(id)
  }

  #remember(id: number): void {
    this.#recentResets.add(id)
    if (this.#recentResets.size <= recentResetsMax) return
    for (const oldest of this.#recentResets) {
      this.#recentResets.delete(oldest)
      return
    }
  }

  #mindIdle(id: number): void {
    if (id <= this.#lastId && id % 2 === 1) return
    throw new ConnectionError(errorCode.protocolError, `stream ${id} was not opened`)
  }

  #charge(allowance: Allowance, what: string): void {
    if (allowance.take(this.#options.clock.monotonic())) return
    throw new ConnectionError(errorCode.enhanceYourCalm, `too many ${what}`)
  }

  /**
   * Lets the client send as much again, once that is worth a frame. What came is taken at once, so this window holds nobody
   * back and cannot be overrun: streams have windows of their own.
   */
  #took(bytes: number): void {
    this.#taken += bytes
    if (this.#taken < this.limits.connectionWindowBytes / 2) return
    this.outbound.windowUpdate(0, this.#taken)
    this.#taken = 0
  }

  #mindOpening(): void {
    if (this.#settingsHeard === 0) {
      this.destroy()
      return
    }
    this.#idleLater()
  }

  /** Looks once in a while whether anything came; nothing runs for it while things do. */
  #idleLater(): void {
    this.#wasHeard = false
    this.#timer = this.#options.clock.timer(this.limits.idleMsMax, () => {
      if (this.#wasHeard || this.#streams.size > 0) {
        this.#idleLater()
        return
      }
      this.goAway()
      // Who opened a stream at the same moment is answered yet.
      this.#timer = this.#options.clock.timer(lingerMs, () => this.#streams.size === 0 && this.destroy())
    })
  }
}
