import type { Socket } from "node:net"
import type { Clock } from "@wick/sdk/clock"

/**
 * HTTP/2 with prior knowledge begins with `PRI * HTTP/2.0` (RFC 9113 §3.4); no HTTP/1 method begins with these letters.
 * Costs one event per connection, none per request.
 */
export function sniffProtocol(
  socket: Socket,
  clock: Clock,
  patienceMs: number,
  found: (protocol: "h1" | "h2") => void,
): void {
  const patience = clock.timer(patienceMs, () => socket.destroy())
  socket.once("close", () => patience.cancel())
  const look = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      // Nothing yet, or the client has left without a word.
      if (socket.readableEnded || socket.destroyed) return
      socket.once("readable", look)
      return
    }
    patience.cancel()
    socket.unshift(chunk)
    found(chunk.subarray(0, 3).toString("latin1") === "PRI" ? "h2" : "h1")
  }
  socket.once("readable", look)
  socket.once("end", () => patience.cancel())
}
