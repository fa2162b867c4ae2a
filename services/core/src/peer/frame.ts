import { MalformedError } from "#store"

/**
 * How bytes of a connection are cut into pieces.
 *
 *      0        4      5
 *      ├────────┼──────┼───────────┐
 *      │ length │ kind │ payload … │      `length` is the payload's
 *      └────────┴──────┴───────────┘
 */
export const frameHeadSize = 5

/** Place in the list plus one is the byte; new kinds go to the end. */
const kinds = [
  /** First of all, from who opened the connection: who it is and what it is for; see greeting.ts. */
  "hello",
  "welcome",
  "refused",
  /** Sent by who opened the connection and given back as it is: the other side lives. */
  "ping",
  "pong",
  "message",
  "call",
  "answer",
  "call-failed",
  "call-refused",
  /** A snapshot, its pieces, and what the receiver says to them; see snapshot-frames.ts. */
  "offer",
  "resume",
  "chunk",
  "taken",
  "whole",
  "done",
  "failed",
] as const
export type FrameKind = (typeof kinds)[number]

export interface Frame {
  readonly kind: FrameKind
  /** A view of what came from the network: it is kept alive by whoever keeps it. */
  readonly payload: Buffer
}

/** A frame whose payload is known. */
export function frameOf(kind: FrameKind, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadSize + payload.length)
  frame.set(payload, frameHeadSize)
  return sealFrame(frame, kind)
}

/** Fills in the head of a frame whose payload stands behind it already. */
export function sealFrame(frame: Buffer, kind: FrameKind): Buffer {
  frame.writeUInt32LE(frame.length - frameHeadSize, 0)
  frame[4] = kinds.indexOf(kind) + 1
  return frame
}

/** Cuts what arrives into frames. Nothing is set aside for a length that is only claimed. */
export class FrameReader {
  readonly #sizeMax: number
  #chunks: Buffer[] = []
  #size = 0
  /** Bytes that the next frame needs, or its head while that is not here. */
  #wanted = frameHeadSize

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Throws MalformedError at what is no frame; nothing more can be read then. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#wanted) return
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#size)
    for (;;) {
      this.#wanted = rest.length < frameHeadSize ? frameHeadSize : frameHeadSize + this.#lengthOf(rest)
      if (rest.length < this.#wanted) break
      const kind = kinds[(rest[4] ?? 0) - 1]
      if (kind === undefined) throw new MalformedError(`frame of unknown kind ${rest[4]}`)
      const payload = rest.subarray(frameHeadSize, this.#wanted)
      rest = rest.subarray(this.#wanted)
      yield { kind, payload }
    }
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
  }

  #lengthOf(head: Buffer): number {
    const length = head.readUInt32LE(0)
    if (length > this.#sizeMax) throw new MalformedError(`frame of ${length} bytes, ${this.#sizeMax} are allowed`)
    return length
  }
}
