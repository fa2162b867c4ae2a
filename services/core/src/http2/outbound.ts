import type { Writable } from "node:stream"
import { ConnectionError, errorCode } from "./error-code.ts"
import {
  frameBytesUsual,
  frameFlag,
  frameHeadBytes,
  frameType,
  windowMax,
  windowUsual,
  writeFrameHead,
  writeUint32,
} from "./frame.ts"
import { HeaderEncoder } from "./hpack/encoder.ts"
import { chunkBytes, OutBuffer } from "./out-buffer.ts"
import { SendQueue } from "./send-queue.ts"
import type { HeaderList } from "./server-stream.ts"
import type { PeerSettings } from "./settings.ts"
import { TurnOrder, type Waiting } from "./turn-order.ts"

/** A stream as its answer sees it. */
export interface OutboundStream extends Waiting {
  readonly id: number
  /** Bytes that the client allows; below zero after it has changed its mind. */
  sendWindow: number
  queue: SendQueue | undefined
  /** What comes after all that is queued: trailers, perhaps none. Undefined while more may be written. */
  ending: HeaderList | undefined
  /** All that was queued has left. */
  drained(): void
  /** The end has left. */
  sent(): void
}

/** What is said in one turn leaves in one write, unless it is more than this: one more frame still fits into a chunk. */
const writeBytesMax = chunkBytes - frameHeadBytes - frameBytesUsual

/**
 * What a connection says: heads at once, bodies as far as the client's windows and the socket allow, streams taking turns
 * frame by frame. Everything is copied into one buffer, for each write to the socket costs as much as some tens of
 * kilobytes copied.
 */
export class Outbound {
  readonly #socket: Writable
  readonly #wake: () => void
  readonly #out = new OutBuffer()
  readonly #encoder = new HeaderEncoder()
  /** Streams with bytes queued and a window to send them in, in the order of their turns. */
  readonly #waiting = new TurnOrder<OutboundStream>()
  /** The last frame of what is to be written, if it is one of data: the same stream's next bytes are added to it. */
  #dataId = 0
  #dataAt = 0
  #dataBytes = 0
  #frameBytes = frameBytesUsual
  #window = windowUsual
  #streamWindow = windowUsual
  #isBlocked = false
  #frames = 0
  /** Bytes of all streams that are queued. */
  unread = 0

  /** `wake` is called when there is something to flush; as often as that is so. */
  constructor(socket: Writable, wake: () => void) {
    this.#socket = socket
    this.#wake = wake
  }

  /** What a new stream may send. */
  get streamWindow(): number {
    return this.#streamWindow
  }

  /** Frames that wait because the socket takes none: of bodies none is among them. */
  get unreadFrames(): number {
    return this.#isBlocked ? this.#frames : 0
  }

  headers(id: number, list: HeaderList, end: boolean): void {
    const block = this.#encoder.encode(list)
    const endStream = end ? frameFlag.endStream : 0
    let left = Math.min(block.length, this.#frameBytes)
    const whole = left === block.length
    const at = this.#frame(left, frameType.headers, endStream | (whole ? frameFlag.endHeaders : 0), id)
    block.copy(this.#out.bytes, at, 0, left)
    for (let gone = left; gone < block.length; gone += left) {
      left = Math.min(block.length - gone, this.#frameBytes)
      const flags = gone + left === block.length ? frameFlag.endHeaders : 0
      const next = this.#frame(left, frameType.continuation, flags, id)
      block.copy(this.#out.bytes, next, gone, gone + left)
    }
  }

  data(stream: OutboundStream, bytes: Uint8Array): void {
    const { length } = bytes
    if (length === 0) return
    const fits = length <= frameBytesUsual && length <= stream.sendWindow && length <= this.#window
    if (fits && stream.queue === undefined && this.#out.size < writeBytesMax) {
      const at = this.#data(stream, length)
      this.#out.bytes.set(bytes, at)
      if (this.#out.size >= writeBytesMax) this.flush()
      return
    }
    stream.queue ??= new SendQueue()
    stream.queue.push(bytes)
    this.unread += length
    if (stream.sendWindow > 0) this.#waiting.add(stream)
    this.#pump()
  }

  /** Ends the stream after all that was written, as its `ending` says. */
  end(stream: OutboundStream): void {
    if (stream.queue === undefined) this.#finish(stream)
  }

  /** Throws away what is queued of a stream. */
  forget(stream: OutboundStream): void {
    this.#waiting.delete(stream)
    this.unread -= stream.queue?.bytes ?? 0
    stream.queue = undefined
  }

  reset(id: number, code: number): void {
    this.#control(frameType.resetStream, 0, id, code)
  }

  windowUpdate(id: number, increment: number): void {
    this.#control(frameType.windowUpdate, 0, id, increment)
  }

  settingsTaken(): void {
    this.#frame(0, frameType.settings, frameFlag.ack, 0)
  }

  ping(bytes: Buffer, start: number, flags: number): void {
    const at = this.#frame(pingBytes, frameType.ping, flags, 0)
    bytes.copy(this.#out.bytes, at, start, start + pingBytes)
  }

  goAway(lastId: number, code: number, message: string): void {
    const text = Buffer.from(message)
    const at = this.#frame(goAwayBytesMin + text.length, frameType.goAway, 0, 0)
    writeUint32(this.#out.bytes, at, lastId)
    writeUint32(this.#out.bytes, at + 4, code)
    text.copy(this.#out.bytes, at + goAwayBytesMin)
  }

  /** Frames that are there already. */
  raw(frames: Buffer): void {
    if (this.#out.size === 0) this.#wake()
    this.#dataId = 0
    const at = this.#out.extend(frames.length)
    frames.copy(this.#out.bytes, at)
  }

  /** The client allows so much more of the whole connection. */
  widen(increment: number): void {
    this.#window += increment
    if (this.#window > windowMax)
      throw new ConnectionError(errorCode.flowControlError, "the connection's window is over 2^31-1")
    this.#pump()
  }

  /** The client allows so much more of one stream; false when that is more than there may be. */
  widenStream(stream: OutboundStream, increment: number): boolean {
    stream.sendWindow += increment
    if (stream.sendWindow > windowMax) return false
    if (stream.queue !== undefined && stream.sendWindow > 0) {
      this.#waiting.add(stream)
      this.#pump()
    }
    return true
  }

  /** Takes the client's settings; windows of the streams there are change with them, perhaps below zero. */
  apply(settings: PeerSettings, streams: Iterable<OutboundStream>): void {
    if (settings.headerTableBytes !== undefined) this.#encoder.setTableSize(settings.headerTableBytes)
    if (settings.frameBytes !== undefined) this.#frameBytes = Math.min(settings.frameBytes, frameBytesUsual)
    if (settings.windowBytes === undefined) return
    const change = settings.windowBytes - this.#streamWindow
    this.#streamWindow = settings.windowBytes
    for (const stream of streams) {
      if (this.widenStream(stream, change)) continue
      throw new ConnectionError(errorCode.flowControlError, `the window of stream ${stream.id} is over 2^31-1`)
    }
  }

  /** Writes what there is to the socket, unless that has enough. */
  flush(): void {
    if (this.#isBlocked || this.#out.size === 0) return
    this.#frames = 0
    this.#dataId = 0
    this.#isBlocked = !this.#out.leave((bytes, written) => this.#socket.write(bytes, written))
  }

  /** The socket has taken all it was given. */
  goOn(): void {
    if (this.#socket.writableEnded) return
    this.#isBlocked = false
    this.flush()
    this.#pump()
    this.flush()
  }

  /** Writes what there is, whether the socket wants it or not, and nothing any more. */
  finish(): void {
    if (this.#out.size > 0) this.#out.leave((bytes, written) => this.#socket.write(bytes, written))
    this.#isBlocked = true
    this.#socket.end()
  }

  #pump(): void {
    while (this.#out.size < writeBytesMax && this.#window > 0) {
      const stream = this.#waiting.next()
      if (stream === undefined) return
      const queue = stream.queue as SendQueue
      const length = Math.min(queue.bytes, stream.sendWindow, this.#window, this.#frameBytes)
      if (length <= 0) continue // its window was narrowed
      const at = this.#data(stream, length)
      queue.moveTo(this.#out.bytes, at, length)
      this.unread -= length
      if (queue.bytes === 0) {
        stream.queue = undefined
        if (stream.ending !== undefined) this.#finish(stream)
        stream.drained()
      } else if (stream.sendWindow > 0) this.#waiting.add(stream)
      if (this.#out.size >= writeBytesMax) this.flush()
    }
  }

  /** Makes room for so many bytes of a stream's data; where. */
  #data(stream: OutboundStream, length: number): number {
    stream.sendWindow -= length
    this.#window -= length
    const together = this.#dataBytes + length
    if (this.#dataId === stream.id && together <= this.#frameBytes) {
      const at = this.#out.extend(length)
      writeFrameHead(this.#out.bytes, this.#dataAt, together, frameType.data, 0, stream.id)
      this.#dataBytes = together
      return at
    }
    const at = this.#frame(length, frameType.data, 0, stream.id)
    this.#frames -= 1
    this.#dataId = stream.id
    this.#dataAt = at - frameHeadBytes
    this.#dataBytes = length
    return at
  }

  #finish(stream: OutboundStream): void {
    const trailers = stream.ending as HeaderList
    if (trailers.length > 0) this.headers(stream.id, trailers, true)
    else if (this.#dataId === stream.id) {
      this.#out.bytes[this.#dataAt + flagsAt] = frameFlag.endStream
      this.#dataId = 0
    } else this.#frame(0, frameType.data, frameFlag.endStream, stream.id)
    stream.sent()
  }

  #control(type: number, flags: number, id: number, value: number): void {
    const at = this.#frame(4, type, flags, id)
    writeUint32(this.#out.bytes, at, value)
  }

  /** Begins a frame; where its payload goes. */
  #frame(length: number, type: number, flags: number, id: number): number {
    if (this.#out.size === 0) this.#wake()
    this.#dataId = 0
    this.#frames += 1
    const at = this.#out.extend(frameHeadBytes + length)
    writeFrameHead(this.#out.bytes, at, length, type, flags, id)
    return at + frameHeadBytes
  }
}

const flagsAt = 4
const pingBytes = 8
const goAwayBytesMin = 8
