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
  // Who connects and leaves, or stays and says nothing, has no server yet that would close his connection.
  const giveUp = (): void => void socket.destroy()
  const patience = clock.timer(patienceMs, giveUp)
  const look = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      socket.once("readable", look)
      return
    }
    patience.cancel()
    socket.off("end", giveUp)
    socket.unshift(chunk)
    found(chunk.subarray(0, 3).toString("latin1") === "PRI" ? "h2" : "h1")
  }
  socket.once("end", giveUp)
  socket.once("close", () => patience.cancel())
  socket.once("readable", look)
}
