import { connect, type Socket } from "node:net"

/** An HTTP/2 client that says what no library would: frames and header blocks are written by hand. */
export interface RawH2 {
  /** HEADERS of a new stream, its fields as they are given: any bytes, any order. Returns the stream's number. */
  headers(fields: readonly (readonly [string, string])[], endStream?: boolean): number
  frame(type: number, flags: number, stream: number, payload: Buffer): void
  data(stream: number, body: string, endStream: boolean): void
  /** Resolves when the stream, or the connection, has ended. */
  ended(stream: number): Promise<StreamEnd>
  readonly socket: Socket
}

/** `status` is 0 when no head of an answer came. */
export interface StreamEnd {
  readonly status: number
  readonly how: "whole" | "reset" | "connection"
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const
export const endStreamFlag = 0x1
export const endHeadersFlag = 0x4
const ackFlag = 0x1
const headBytes = 9

export function frameOf(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Literal fields without index and without Huffman (RFC 7541 §6.2.2): bytes go through as they are. */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]))
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1")
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

export async function speakH2(port: number): Promise<RawH2> {
  const socket = connect(port, "127.0.0.1")
  await new Promise((resolve) => socket.once("connect", resolve))
  const follower = new Follower(socket)
  let next = 1
  const frame = (type: number, flags: number, stream: number, payload: Buffer): void => {
    socket.write(frameOf(type, flags, stream, payload))
  }
  socket.write(preface)
  frame(frameTypes.settings, 0, 0, Buffer.alloc(0))
  return {
    socket,
    frame,
    headers: (fields, endStream = true) => {
      const stream = next
      next += 2
      frame(frameTypes.headers, endHeadersFlag | (endStream ? endStreamFlag : 0), stream, headerBlock(fields))
      return stream
    },
    data: (stream, body, endStream) =>
      frame(frameTypes.data, endStream ? endStreamFlag : 0, stream, Buffer.from(body, "latin1")),
    ended: (stream) => follower.ended(stream),
  }
}

/** Reads frames, and of an answer's head the status. */
class Follower {
  #rest: Buffer = Buffer.alloc(0)
  #closed = false
  readonly #statuses = new Map<number, number>()
  readonly #ends = new Map<number, StreamEnd>()
  readonly #waiting = new Map<number, (end: StreamEnd) => void>()

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.#read(chunk, socket))
    socket.on("error", () => {})
    socket.on("close", () => {
      this.#closed = true
      for (const stream of this.#waiting.keys()) this.#end(stream, "connection")
    })
  }

  ended(stream: number): Promise<StreamEnd> {
    const end = this.#ends.get(stream)
    if (end) return Promise.resolve(end)
    return new Promise((resolve) => {
      this.#waiting.set(stream, resolve)
      if (this.#closed) this.#end(stream, "connection")
    })
  }

  #read(chunk: Buffer, socket: Socket): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= headBytes) {
      const length = this.#rest.readUIntBE(0, 3)
      if (this.#rest.length < headBytes + length) return
      const [type, flags, stream] = [this.#rest[3] ?? 0, this.#rest[4] ?? 0, this.#rest.readUInt32BE(5)]
      const payload = this.#rest.subarray(headBytes, headBytes + length)
      this.#rest = this.#rest.subarray(headBytes + length)
      if (type === frameTypes.headers && !this.#statuses.has(stream)) this.#statuses.set(stream, statusOf(payload))
      if (type === frameTypes.reset) this.#end(stream, "reset")
      else if (type <= frameTypes.headers && (flags & endStreamFlag) !== 0) this.#end(stream, "whole")
      if (type === frameTypes.settings && (flags & ackFlag) === 0) {
        socket.write(frameOf(frameTypes.settings, ackFlag, 0, Buffer.alloc(0)))
      }
    }
  }

  #end(stream: number, how: StreamEnd["how"]): void {
    const end = this.#ends.get(stream) ?? { status: this.#statuses.get(stream) ?? 0, how }
    this.#ends.set(stream, end)
    this.#waiting.get(stream)?.(end)
    this.#waiting.delete(stream)
  }
}

/** In the static table :status 200, 204, 206, 304, 400, 404, 500 are 8 to 14 (RFC 7541, appendix A). */
const indexed = [200, 204, 206, 304, 400, 404, 500]

function statusOf(block: Buffer): number {
  let at = 0
  // Sizes of the table come first, where there are any.
  while (((block[at] ?? 0) & 0xe0) === 0x20) at += ((block[at] ?? 0) & 0x1f) === 0x1f ? 3 : 1
  const first = block[at] ?? 0
  if ((first & 0x80) !== 0) return indexed[(first & 0x7f) - 8] ?? 0
  const length = block[at + 1] ?? 0
  const text = block.subarray(at + 2, at + 2 + (length & 0x7f))
  return (length & 0x80) === 0 ? Number(text.toString("latin1")) : huffmanDigits(text)
}

/** The ten digits in HPACK's Huffman code. */
const shortCodes = new Map([
  ["00000", "0"],
  ["00001", "1"],
  ["00010", "2"],
  ["011001", "3"],
  ["011010", "4"],
  ["011011", "5"],
  ["011100", "6"],
  ["011101", "7"],
  ["011110", "8"],
  ["011111", "9"],
])

function huffmanDigits(bytes: Buffer): number {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  let digits = ""
  while (digits.length < 3) {
    const code = [5, 6].map((size) => bits.slice(0, size)).find((text) => shortCodes.has(text))
    if (code === undefined) return 0
    digits += shortCodes.get(code)
    bits = bits.slice(code.length)
  }
  return Number(digits)
}
