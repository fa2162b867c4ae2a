import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { MendedSocket } from "./mended-socket.ts"
import { Opening } from "./opening.ts"

/**
 * Looks at what a client of HTTP/2 sends first, and hands the connection on with all of that still to be read: itself, or
 * what mends it. It is never handed on when it ends before. Nothing is left here of it then.
 */
export function openConnection(socket: Socket, ready: (connection: Duplex) => void): void {
  const opening = new Opening()
  const destroy = (): void => void socket.destroy()
  const look = (chunk: Buffer): void => {
    const opened = opening.push(chunk)
    if (opened.kind === "waiting") {
      if (opened.reply.length > 0) socket.write(opened.reply)
      return
    }
    socket.off("data", look).off("end", destroy).off("error", destroy)
    if (opened.kind === "refused") {
      destroy()
    } else if (opened.mender !== undefined) {
      ready(new MendedSocket(socket, opened.bytes, opened.mender))
    } else {
      socket.pause()
      socket.unshift(opened.bytes)
      ready(socket)
    }
  }
  socket.on("data", look).on("end", destroy).on("error", destroy)
}
