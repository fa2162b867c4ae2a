import { code, EtcdError } from "./refusals.ts"

/** A byte that says whether the message is compressed, and four of its length. */
const headSize = 5

export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(headSize + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  message.copy(framed, headSize)
  return framed
}

/** What stands before a message of this size. */
export function frameHead(size: number): Buffer {
  const head = Buffer.allocUnsafe(headSize)
  head[0] = 0
  head.writeUInt32BE(size, 1)
  return head
}

/** Cuts what comes in pieces into messages. */
export class FrameReader {
  readonly #sizeMax: number
  #chunks: Buffer[] = []
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** The messages that are complete now. Throws EtcdError for one that is too large or compressed. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    const found: Buffer[] = []
    for (;;) {
      const message = this.#next()
      if (message === undefined) return found
      found.push(message)
    }
  }

  /** Whether there is the beginning of a message. */
  get isInside(): boolean {
    return this.#size > 0
  }

  #next(): Buffer | undefined {
    if (this.#size < headSize) return undefined
    const first = this.#joined(headSize)
    const size = first.readUInt32BE(1)
    if (first[0] !== 0) throw new EtcdError(12, "compressed messages are not understood")
    if (size > this.#sizeMax) {
      throw new GrpcError(
        code.resourceExhausted,
        `grpc: received message larger than max (${size} vs. ${this.#sizeMax})`,
      )
    }
    if (this.#size < headSize + size) return undefined
    const all = this.#joined(headSize + size)
    const rest = all.subarray(headSize + size)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    return all.subarray(headSize, headSize + size)
  }

  /** The first chunk, with at least `size` bytes in it. */
  #joined(size: number): Buffer {
    const first = this.#chunks[0] as Buffer
    if (first.length >= size) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}

/** A refusal of gRPC itself, without etcd's prefix. */
export class GrpcError extends Error {
  override name = "GrpcError"
  readonly code: number

  constructor(grpcCode: number, message: string) {
    super(message)
    this.code = grpcCode
  }
}
