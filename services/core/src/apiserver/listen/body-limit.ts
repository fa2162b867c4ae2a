import type { Limits } from "./limits.ts"

/** A body on its way in, whatever brings it. */
export interface BodySource {
  /** What its header says of its length; 0 if that is nothing. */
  readonly announcedBytes: number
  /** Tells of what comes from now on: one receiver at a time. Undefined: nobody wants it, and it waits. */
  receive(receiver: BodyReceiver | undefined): void
}

export interface BodyReceiver {
  onData(chunk: Buffer): void
  onEnd(): void
  /** Nothing more comes, whether it was at its end or not. */
  onClose(): void
}

export type ReadBody =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  /** It is larger than any that is taken. */
  | { readonly kind: "too large" }
  /** Others send so much at this moment that there is no memory for more. */
  | { readonly kind: "no room" }
  /** What is late may never come. */
  | { readonly kind: "too slow" }
  /** The sender left before the end: nobody is there to be answered. */
  | { readonly kind: "broken off" }

/** What a request without a body has for one. */
export const noBody = Buffer.alloc(0)

/**
 * Reads bodies before their requests begin, so that a request holds nothing of the server while its client still sends.
 * Counts while it reads, and stops reading, without closing the connection, as soon as there is too much.
 */
export class BodyReader {
  readonly #limits: Limits
  /** Bytes of all bodies that are being read. */
  #held = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  read(source: BodySource): Promise<ReadBody> {
    const { bodyBytesMax, bodiesBytesMax, bodyMsMax } = this.#limits
    if (source.announcedBytes > bodyBytesMax) return Promise.resolve({ kind: "too large" })
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const settle = (result: ReadBody): void => {
        clearTimeout(timer)
        this.#held -= bytes
        source.receive(undefined)
        resolve(result)
      }
      const timer = setTimeout(() => settle({ kind: "too slow" }), bodyMsMax)
      source.receive({
        onData: (chunk) => {
          bytes += chunk.byteLength
          this.#held += chunk.byteLength
          chunks.push(alone(chunk))
          if (bytes > bodyBytesMax) settle({ kind: "too large" })
          else if (this.#held > bodiesBytesMax) settle({ kind: "no room" })
        },
        onEnd: () =>
          settle({ kind: "whole", bytes: chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? noBody) }),
        onClose: () => settle({ kind: "broken off" }),
      })
    })
  }
}

/** What came together with much else must not keep all of that in memory. */
const sharedPartsMax = 4

function alone(chunk: Buffer): Buffer {
  return chunk.byteLength * sharedPartsMax < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk
}

/** Bytes of a refused body that are read and thrown away, so that its sender comes to hear of the refusal. */
const drainBytesMax = 32 * 1024 * 1024
/** And for how long: who sends slowly may hear of it on another connection. */
const drainMsMax = 10_000

/** Throws away what is still to come; whether that was all of it. */
export function drain(source: BodySource): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0
    const settle = (whole: boolean): void => {
      clearTimeout(timer)
      source.receive(undefined)
      resolve(whole)
    }
    const timer = setTimeout(() => settle(false), drainMsMax)
    source.receive({
      onData: (chunk) => {
        bytes += chunk.byteLength
        if (bytes > drainBytesMax) settle(false)
      },
      onEnd: () => settle(true),
      onClose: () => settle(false),
    })
  })
}
