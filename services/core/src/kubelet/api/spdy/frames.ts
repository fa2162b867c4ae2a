/** What clients of exec, attach and port-forward say and are told; all else of SPDY is passed over. */
export type Frame =
  | { readonly kind: "open"; readonly stream: number; readonly last: boolean; readonly headers: Buffer }
  | { readonly kind: "data"; readonly stream: number; readonly last: boolean; readonly bytes: Buffer }
  | { readonly kind: "reset"; readonly stream: number }
  | { readonly kind: "ping"; readonly frame: Buffer; readonly id: number }
  | { readonly kind: "other" }

/** A client that breaks the protocol, or asks for more than it may. */
export class SpdyError extends Error {
  override name = "SpdyError"
}

const frameBytesMax = 1024 * 1024
const headBytes = 8
const version = 3
const types = { open: 1, reply: 2, reset: 3, ping: 6, goAway: 7, headers: 8 } as const
const lastFlag = 1
const controlBit = 0x80000000
const idMask = 0x7fffffff
/** Stream, the stream it belongs to, priority and slot. */
const openBytes = 10
const resetBytes = 8
/** The stream is not taken on; nothing was done for it. */
const refusedStream = 3

/** Cuts what a client sends into frames (SPDY draft 3.1, 2.2). Pure: bytes in, frames out. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Throws a `SpdyError` for what is none. */
  read(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    for (;;) {
      if (this.#rest.length < headBytes) return frames
      const length = this.#rest.readUIntBE(5, 3)
      if (length > frameBytesMax) throw new SpdyError(`a frame has ${length} bytes; ${frameBytesMax} are the most`)
      if (this.#rest.length < headBytes + length) return frames
      frames.push(frameOf(this.#rest.subarray(0, headBytes + length)))
      this.#rest = this.#rest.subarray(headBytes + length)
    }
  }
}

function frameOf(frame: Buffer): Frame {
  const first = frame.readUInt32BE(0)
  const last = ((frame[4] ?? 0) & lastFlag) !== 0
  const rest = frame.subarray(headBytes)
  if (first < controlBit) return { kind: "data", stream: first, last, bytes: rest }
  const [spoken, type] = [(first >>> 16) & 0x7fff, first & 0xffff]
  if (spoken !== version) throw new SpdyError(`SPDY ${spoken} is not spoken here, only ${version}`)
  const has = (bytes: number): void => {
    if (rest.length < bytes) throw new SpdyError(`a frame of type ${type} is cut off`)
  }
  switch (type) {
    case types.open:
      has(openBytes)
      return { kind: "open", stream: rest.readUInt32BE(0) & idMask, last, headers: rest.subarray(openBytes) }
    case types.reset:
      has(resetBytes)
      return { kind: "reset", stream: rest.readUInt32BE(0) & idMask }
    case types.ping:
      has(4)
      return { kind: "ping", frame, id: rest.readUInt32BE(0) }
    // They would have to be read, as they change what the next headers mean; no client sends them.
    case types.headers:
      throw new SpdyError("headers come with a stream, not after it")
    default:
      return { kind: "other" }
  }
}

export function dataFrame(stream: number, bytes: Uint8Array, last: boolean): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + bytes.length)
  writeHead(frame, stream, last, bytes.length)
  frame.set(bytes, headBytes)
  return frame
}

/** Takes a stream on. */
export function replyFrame(stream: number, headers: Uint8Array): Buffer {
  return controlFrame(types.reply, Buffer.concat([word(stream), headers]))
}

/** Does not. */
export function refusalFrame(stream: number): Buffer {
  return controlFrame(types.reset, Buffer.concat([word(stream), word(refusedStream)]))
}

/** There will be nothing new. */
export function goodbyeFrame(lastStream: number): Buffer {
  return controlFrame(types.goAway, Buffer.concat([word(lastStream), word(0)]))
}

function controlFrame(type: number, rest: Uint8Array): Buffer {
  const frame = Buffer.alloc(headBytes + rest.length)
  writeHead(frame, (controlBit | (version << 16) | type) >>> 0, false, rest.length)
  frame.set(rest, headBytes)
  return frame
}

function writeHead(frame: Buffer, first: number, last: boolean, length: number): void {
  frame.writeUInt32BE(first, 0)
  frame[4] = last ? lastFlag : 0
  frame.writeUIntBE(length, 5, 3)
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
