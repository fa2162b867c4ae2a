/** Kinds of HTTP/2 frames that are told apart here (RFC 9113, section 6). */
export const frameType = { data: 0, headers: 1, settings: 4, ping: 6, continuation: 9 } as const
export const frameFlag = { ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const

/** What a client sends on each connection first. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
export const frameHeadSize = 9
/** Payload of the largest frame that a client may send unless it is told otherwise, which it is not. */
const payloadSizeMax = 16 * 1024

export interface Frame {
  readonly type: number
  readonly flags: number
  /** With its head. Of a frame that is not looked into this is a piece. */
  readonly bytes: Buffer
}

/** Cuts what a client sends into frames. Data, and frames that are too large, pass in pieces, as they come. */
export class ClientFrames {
  #kept: Buffer = Buffer.alloc(0)
  #passing = 0

  push(chunk: Buffer): Frame[] {
    let rest = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    const frames: Frame[] = []
    while (rest.length > 0) {
      if (this.#passing === 0 && rest.length < frameHeadSize) break
      const size = frameHeadSize + (rest.length < frameHeadSize ? 0 : rest.readUIntBE(0, 3))
      const [type, flags] = [rest[3] ?? 0, rest[4] ?? 0]
      if (this.#passing === 0 && (type === frameType.data || size > frameHeadSize + payloadSizeMax)) {
        this.#passing = size
      }
      if (this.#passing > 0) {
        const bytes = rest.subarray(0, this.#passing)
        this.#passing -= bytes.length
        frames.push({ type: frameType.data, flags: 0, bytes })
        rest = rest.subarray(bytes.length)
        continue
      }
      if (rest.length < size) break
      frames.push({ type, flags, bytes: rest.subarray(0, size) })
      rest = rest.subarray(size)
    }
    this.#kept = rest
    return frames
  }

  /** The beginning of a frame whose end has not come; it is forgotten here. */
  rest(): Buffer {
    const kept = this.#kept
    this.#kept = Buffer.alloc(0)
    return kept
  }
}
