import { type AddressInfo, createServer, type Socket } from "node:net"

export interface ScriptedServer extends AsyncDisposable {
  readonly port: number
}

/** A server whose every connection is told by hand what to say. */
export async function startServer(connected: (socket: Socket) => void): Promise<ScriptedServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    connected(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Says one thing after the other, each once another request's head has come. */
export function answering(...answers: readonly string[]): (socket: Socket) => void {
  return (socket) => {
    const left = [...answers]
    let heard = ""
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1")
      for (let end = heard.indexOf("\r\n\r\n"); end >= 0; end = heard.indexOf("\r\n\r\n")) {
        heard = heard.slice(end + 4)
        socket.write(left.shift() ?? "", "latin1")
      }
    })
  }
}
