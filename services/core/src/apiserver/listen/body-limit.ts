import type { IncomingMessage } from "node:http"
import type { Http2ServerRequest } from "node:http2"
import type { Limits } from "./limits.ts"

export type Incoming = IncomingMessage | Http2ServerRequest

export type ReadBody =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "too large" }
  /** Others send so much at this moment that there is no memory for more. */
  | { readonly kind: "no room" }
  /** What is late may never come. */
  | { readonly kind: "too slow" }
  /** The sender left before the end: nobody is there to be answered. */
  | { readonly kind: "broken off" }

const empty = Buffer.alloc(0)

/** Whether there is a body to read at all. */
export function hasBody({ method, headers }: Incoming): boolean {
  return method !== "GET" && method !== "HEAD" && headers["content-length"] !== "0"
}

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

  read(incoming: Incoming): Promise<ReadBody> {
    const { bodyBytesMax, bodiesBytesMax, bodyMsMax } = this.#limits
    if (Number(incoming.headers["content-length"] ?? 0) > bodyBytesMax) return Promise.resolve({ kind: "too large" })
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const settle = (result: ReadBody): void => {
        clearTimeout(timer)
        this.#held -= bytes
        incoming.off("data", onData).off("end", onEnd).off("close", onClose)
        if (result.kind !== "whole") incoming.pause()
        resolve(result)
      }
      const onEnd = (): void =>
        settle({ kind: "whole", bytes: chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? empty) })
      const onClose = (): void => settle({ kind: "broken off" })
      const onData = (chunk: Buffer): void => {
        bytes += chunk.byteLength
        this.#held += chunk.byteLength
        chunks.push(chunk)
        if (bytes > bodyBytesMax) settle({ kind: "too large" })
        else if (this.#held > bodiesBytesMax) settle({ kind: "no room" })
      }
      const timer = setTimeout(() => settle({ kind: "too slow" }), bodyMsMax)
      incoming.on("data", onData).on("end", onEnd).on("close", onClose)
    })
  }
}

/** Bytes of a refused body that are read and thrown away, so that its sender comes to hear of the refusal. */
const drainBytesMax = 32 * 1024 * 1024
/** And for how long: who sends slowly may hear of it on another connection. */
const drainMsMax = 10_000

/** Throws away what is still to come; whether that was all of it. */
export function drain(incoming: Incoming): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0
    const settle = (whole: boolean): void => {
      clearTimeout(timer)
      incoming.off("data", onData).off("end", onEnd).off("close", onClose)
      resolve(whole)
    }
    const onEnd = (): void => settle(true)
    const onClose = (): void => settle(false)
    const onData = (chunk: Buffer): void => {
      bytes += chunk.byteLength
      if (bytes <= drainBytesMax) return
      incoming.pause()
      settle(false)
    }
    const timer = setTimeout(() => settle(false), drainMsMax)
    incoming.on("data", onData).on("end", onEnd).on("close", onClose).resume()
  })
}
