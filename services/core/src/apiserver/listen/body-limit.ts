import type { IncomingMessage } from "node:http"
import type { Http2ServerRequest } from "node:http2"

export type Incoming = IncomingMessage | Http2ServerRequest

/**
 * Largest body of a request: what kube-apiserver takes. The store's own limit on an object is lower; this one keeps
 * memory safe before anything is parsed.
 */
export const bodyBytesMax = 3 * 1024 * 1024

export type Body =
  /** No more than the limit can come: the protocol holds the sender to the length that it announced. */
  | { readonly kind: "bounded" }
  /** No length was announced: it has to be counted while it is read. */
  | { readonly kind: "unannounced" }
  | { readonly kind: "too large" }

export function bodyOf({ method, headers }: Incoming): Body {
  if (method === "GET" || method === "HEAD") return { kind: "bounded" }
  const announced = headers["content-length"]
  if (announced !== undefined) return Number(announced) <= bodyBytesMax ? { kind: "bounded" } : { kind: "too large" }
  return { kind: "unannounced" }
}

export type ReadBody =
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "too large" }
  /** The sender left before the end: nobody is there to be answered. */
  | { readonly kind: "broken off" }

/** Counts while it reads, and stops reading, without closing the connection, as soon as it is over the limit. */
export function readBody(incoming: Incoming): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (result: ReadBody): void => {
      incoming.off("data", onData).off("end", onEnd).off("close", onClose)
      resolve(result)
    }
    const onEnd = (): void => settle({ kind: "whole", bytes: Buffer.concat(chunks) })
    const onClose = (): void => settle({ kind: "broken off" })
    const onData = (chunk: Buffer): void => {
      bytes += chunk.byteLength
      chunks.push(chunk)
      if (bytes <= bodyBytesMax) return
      incoming.pause()
      settle({ kind: "too large" })
    }
    incoming.on("data", onData).on("end", onEnd).on("close", onClose)
  })
}

/** Bytes of a refused body that are read and thrown away, so that its sender comes to hear of the refusal. */
const drainBytesMax = 32 * 1024 * 1024

/** Throws away what is still to come; whether that was all of it. */
export function drain(incoming: Incoming): Promise<boolean> {
  return new Promise((resolve) => {
    let bytes = 0
    const settle = (whole: boolean): void => {
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
    incoming.on("data", onData).on("end", onEnd).on("close", onClose).resume()
  })
}
