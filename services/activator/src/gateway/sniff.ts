import type { Socket } from "node:net"
import type { Clock } from "@wick/sdk/clock"

const preface = "PRI"

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
  // Who has said all without saying anything waits for nothing.
  const leave = (): void => void socket.destroy()
  let held: Buffer | undefined
  const look = (): void => {
    const read: Buffer | null = socket.read()
    if (read === null) {
      // Nothing yet, or the client has left without a word.
      if (socket.readableEnded || socket.destroyed) return
      socket.once("readable", look)
      return
    }
    const chunk: Buffer = held === undefined ? read : Buffer.concat([held, read])
    if (chunk.length < preface.length && preface.startsWith(chunk.toString("latin1"))) {
      held = chunk
      socket.once("readable", look)
      return
    }
    patience.cancel()
    socket.off("end", leave)
    socket.unshift(chunk)
    found(chunk.subarray(0, preface.length).toString("latin1") === preface ? "h2" : "h1")
  }
  socket.once("readable", look)
  socket.once("end", leave)
}
