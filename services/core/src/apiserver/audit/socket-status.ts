import type { Duplex } from "node:stream"

const statusLine = /^HTTP\/1\.1 (\d{3})/

/** Calls back once with the code of the answer that somebody writes to a connection: an upgrade, or a refusal of one. */
export function onStatus(socket: Duplex, callback: (code: number) => void): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  const watched = (...args: unknown[]): boolean => {
    // From here on the connection is as it was.
    Reflect.deleteProperty(socket, "write")
    const [chunk] = args
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("latin1", 0, 16)
    callback(Number(statusLine.exec(text)?.[1] ?? 0))
    return write(...args)
  }
  socket.write = watched as Duplex["write"]
}
