import { ConnectionError, errorCode } from "./error-code.ts"
import { frameFlag, frameType, readUint31, readUint32 } from "./frame.ts"
import type { FrameSink } from "./frame-reader.ts"
import type { Limits } from "./limits.ts"
import { isSettingsLength, type PeerSettings, readSettings } from "./settings.ts"

/** What a client's frames say, one after the other; each is well-formed by itself. */
export interface Heard {
  readonly isOver: boolean
  /** A whole header block: of a request, or of what follows its body. */
  headers(id: number, block: Buffer, endStream: boolean): void
  /** `windowBytes` with padding: so much of the windows is used. */
  data(id: number, bytes: Buffer, start: number, end: number, windowBytes: number, endStream: boolean): void
  reset(id: number, code: number): void
  settings(settings: PeerSettings): void
  settingsTaken(): void
  ping(bytes: Buffer, start: number): void
  pong(): void
  windowUpdate(id: number, increment: number): void
  clientLeaves(): void
  /** What is wrong of one stream alone. */
  fault(id: number, code: number): void
}

/** Reads frames: their sizes, the streams they may be on, padding, header blocks in pieces (RFC 9113, section 6). */
export class Inbound implements FrameSink {
  readonly #heard: Heard
  readonly #limits: Limits
  #hasSettings = false
  /** The header block that has begun: its stream, flags and pieces. */
  #blockId = 0
  #blockEnds = false
  #pieces: Buffer[] = []
  #pieceBytes = 0

  constructor(heard: Heard, limits: Limits) {
    this.#heard = heard
    this.#limits = limits
  }

  get isOver(): boolean {
    return this.#heard.isOver
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (this.#blockId !== 0) {
      if (type !== frameType.continuation || id !== this.#blockId) fail("something else comes within a header block")
      this.#continuation(flags, bytes, start, end)
      return
    }
    if (!this.#hasSettings) {
      if (type !== frameType.settings || (flags & frameFlag.ack) !== 0) fail("the first frame is not SETTINGS")
      this.#hasSettings = true
    }
    switch (type) {
      case frameType.data:
        this.#data(flags, id, bytes, start, end)
        return
      case frameType.headers:
        this.#headers(flags, id, bytes, start, end)
        return
      case frameType.priority:
        mindStream(id, "PRIORITY")
        if (end - start !== priorityBytes) this.#heard.fault(id, errorCode.frameSizeError)
        return
      case frameType.resetStream:
        mindStream(id, "RST_STREAM")
        mindSize("RST_STREAM", end - start, 4)
        this.#heard.reset(id, readUint32(bytes, start))
        return
      case frameType.settings:
        this.#settings(flags, id, bytes, start, end)
        return
      case frameType.pushPromise:
        fail("a client does not push")
        return
      case frameType.ping:
        mindConnection(id, "PING")
        mindSize("PING", end - start, 8)
        if ((flags & frameFlag.ack) !== 0) this.#heard.pong()
        else this.#heard.ping(bytes, start)
        return
      case frameType.goAway:
        mindConnection(id, "GOAWAY")
        if (end - start < 8) mindSize("GOAWAY", end - start, 8)
        this.#heard.clientLeaves()
        return
      case frameType.windowUpdate:
        this.#windowUpdate(id, bytes, start, end)
        return
      case frameType.continuation:
        fail("CONTINUATION comes without a header block")
        return
    }
  }

  #data(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    mindStream(id, "DATA")
    const [from, to] = (flags & frameFlag.padded) === 0 ? [start, end] : unpadded(bytes, start, end)
    this.#heard.data(id, bytes, from, to, end - start, (flags & frameFlag.endStream) !== 0)
  }

  #headers(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    mindStream(id, "HEADERS")
    let [from, to] = (flags & frameFlag.padded) === 0 ? [start, end] : unpadded(bytes, start, end)
    if ((flags & frameFlag.priority) !== 0) from += priorityBytes
    if (from > to) mindSize("HEADERS", end - start, priorityBytes)
    const ends = (flags & frameFlag.endStream) !== 0
    if ((flags & frameFlag.endHeaders) !== 0) {
      this.#heard.headers(id, bytes.subarray(from, to), ends)
      return
    }
    this.#blockId = id
    this.#blockEnds = ends
    this.#piece(bytes, from, to)
  }

  #continuation(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#piece(bytes, start, end)
    if ((flags & frameFlag.endHeaders) === 0) return
    const block = Buffer.concat(this.#pieces, this.#pieceBytes)
    const id = this.#blockId
    this.#blockId = 0
    this.#pieces = []
    this.#pieceBytes = 0
    this.#heard.headers(id, block, this.#blockEnds)
  }

  #piece(bytes: Buffer, start: number, end: number): void {
    const { headerBlockBytesMax, headerBlockFramesMax } = this.#limits
    this.#pieces.push(bytes.subarray(start, end))
    this.#pieceBytes += end - start
    if (this.#pieceBytes > headerBlockBytesMax || this.#pieces.length > headerBlockFramesMax) {
      throw new ConnectionError(
        errorCode.enhanceYourCalm,
        `a header block has more than ${headerBlockBytesMax} bytes or ${headerBlockFramesMax} frames`,
      )
    }
  }

  #settings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    mindConnection(id, "SETTINGS")
    if ((flags & frameFlag.ack) !== 0) {
      mindSize("SETTINGS with ACK", end - start, 0)
      this.#heard.settingsTaken()
      return
    }
    if (!isSettingsLength(end - start)) mindSize("SETTINGS", end - start, 6)
    this.#heard.settings(readSettings(bytes, start, end))
  }

  #windowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    mindSize("WINDOW_UPDATE", end - start, 4)
    const increment = readUint31(bytes, start)
    if (increment > 0) {
      this.#heard.windowUpdate(id, increment)
      return
    }
    if (id === 0) fail("a window is widened by nothing")
    this.#heard.fault(id, errorCode.protocolError)
  }
}

const priorityBytes = 5

/** Where a padded payload begins and ends. */
function unpadded(bytes: Buffer, start: number, end: number): [number, number] {
  if (start === end) mindSize("a padded frame", 0, 1)
  const padding = bytes[start] as number
  if (padding >= end - start) fail("there is more padding than frame")
  return [start + 1, end - padding]
}

function mindStream(id: number, name: string): void {
  if (id === 0) fail(`${name} is on no stream`)
}

function mindConnection(id: number, name: string): void {
  if (id !== 0) fail(`${name} is on a stream`)
}

function mindSize(name: string, length: number, expected: number): void {
  if (length === expected) return
  throw new ConnectionError(errorCode.frameSizeError, `${name} has ${length} bytes, not ${expected}`)
}

function fail(message: string): never {
  throw new ConnectionError(errorCode.protocolError, message)
}
