import { text } from "node:stream/consumers"
import type { WebSocket } from "ws"
import { refusalOf } from "./refusal.ts"

/**
 * Opens a WebSocket; resolves when the server has taken it, and throws its no as a `StatusError`. It is given paused, so
 * that nothing is lost before somebody listens: whoever does calls `resume`.
 */
export type OpenWebSocket = (url: string, protocols: readonly string[], signal?: AbortSignal) => Promise<WebSocket>

/** What of TLS a cluster's connections share. */
export interface TlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** A server that has not taken the connection within this time is lost. */
const handshakeTimeout = 30_000

export function webSocketsOf(tls: TlsOptions, token?: () => string | Promise<string>): OpenWebSocket {
  return async (url, protocols, signal) => {
    signal?.throwIfAborted()
    // Loaded here: nearly no process opens a shell.
    const { WebSocket } = await import("ws")
    const headers = token && { authorization: `Bearer ${await token()}` }
    const options = { ...tls, ...(headers && { headers }), handshakeTimeout, perMessageDeflate: false }
    const socket = new WebSocket(url.replace(/^http/, "ws"), [...protocols], options)
    const abort = (): void => socket.terminate()
    signal?.addEventListener("abort", abort, { once: true })
    socket.once("close", () => signal?.removeEventListener("abort", abort))
    return new Promise((resolve, reject) => {
      socket.once("open", () => {
        socket.pause()
        resolve(socket)
      })
      socket.on("error", (error) => reject(signal?.aborted ? signal.reason : error))
      socket.once("unexpected-response", (request, response) => {
        const { statusCode = 500, headers: answered } = response
        text(response)
          .then((body) => reject(refusalOf(body, statusCode, answered["retry-after"])), reject)
          .finally(() => request.destroy())
      })
    })
  }
}
