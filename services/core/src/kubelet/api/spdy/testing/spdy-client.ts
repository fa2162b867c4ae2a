import { Duplex } from "node:stream"
import { createDeflate, createInflate, type Deflate, type Inflate, constants as zlib } from "node:zlib"
import { dictionary } from "../dictionary.ts"

/** Two ends of one wire. */
export function wire(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      allowHalfOpen: true,
      read: () => {},
      write: (chunk, _, done) => {
        other().push(chunk)
        done()
      },
      final: (done) => {
        other().push(null)
        done()
      },
    })
  const one: Duplex = make(() => two)
  const two: Duplex = make(() => one)
  return [one, two]
}

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A client as others write it: with zlib itself, and frames by the book. */
export class SpdyClient {
  readonly frames: Buffer[] = []
  readonly #socket: Duplex
  readonly #deflate: Deflate = createDeflate({ dictionary, level: 9 })
  readonly inflate: Inflate = createInflate({ dictionary })
  #rest = Buffer.alloc(0)

  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      while (this.#rest.length >= 8 && this.#rest.length >= 8 + this.#rest.readUIntBE(5, 3)) {
        const end = 8 + this.#rest.readUIntBE(5, 3)
        this.frames.push(this.#rest.subarray(0, end))
        this.#rest = this.#rest.subarray(end)
      }
    })
  }

  async pack(headers: Record<string, string>): Promise<Buffer> {
    const texts = Object.entries(headers).flat()
    const plain = Buffer.concat([
      word(texts.length / 2),
      ...texts.flatMap((text) => [word(text.length), Buffer.from(text)]),
    ])
    const chunks: Buffer[] = []
    const take = (chunk: Buffer): void => void chunks.push(chunk)
    this.#deflate.on("data", take)
    await new Promise<void>((resolve) => {
      this.#deflate.write(plain)
      this.#deflate.flush(zlib.Z_SYNC_FLUSH, () => setImmediate(resolve))
    })
    this.#deflate.off("data", take)
    return Buffer.concat(chunks)
  }

  control(type: number, rest: Buffer): void {
    const head = Buffer.alloc(8)
    head.writeUInt32BE((0x80030000 | type) >>> 0)
    head.writeUIntBE(rest.length, 5, 3)
    this.#socket.write(Buffer.concat([head, rest]))
  }

  async open(stream: number, headers: Record<string, string>): Promise<void> {
    this.control(1, Buffer.concat([word(stream), word(0), Buffer.alloc(2), await this.pack(headers)]))
  }

  data(stream: number, text: string | Buffer, last = false): void {
    const bytes = Buffer.from(text)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(stream)
    head[4] = last ? 1 : 0
    head.writeUIntBE(bytes.length, 5, 3)
    this.#socket.write(Buffer.concat([head, bytes]))
  }

  /** Types of the control frames that have come, and texts of the data. */
  get said(): (number | string)[] {
    return this.frames.map((frame) =>
      (frame[0] ?? 0) >= 0x80
        ? frame.readUInt16BE(2)
        : `${frame.readUInt32BE(0)}${frame[4] === 1 ? "!" : ":"}${frame.subarray(8)}`,
    )
  }
}
