import { connect, type Socket } from "node:net"
import type { Target } from "./open-loop.ts"

/** Connections that are being opened at the same time. */
const openingMax = 100

export interface UpgradedConnections {
  readonly open: number
  readonly failed: number
  /** Of those that were open, how many still are. */
  alive(): number
  close(): void
}

/** Opens connections, upgrades them and leaves them alone; resolves when each is open or has failed. */
export async function openUpgraded(target: Target, count: number): Promise<UpgradedConnections> {
  const sockets: Socket[] = []
  let asked = 0
  let failed = 0
  const worker = async (): Promise<void> => {
    while (asked < count) {
      asked++
      const socket = await upgraded(target)
      if (socket === undefined) failed++
      else sockets.push(socket)
    }
  }
  await Promise.all(Array.from({ length: openingMax }, worker))
  return {
    open: sockets.length,
    failed,
    alive: () => sockets.filter(({ closed, readableEnded }) => !closed && !readableEnded).length,
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function upgraded({ address = "127.0.0.1", port, host }: Target): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    socket.once("data", (chunk: Buffer) => {
      const agreed = chunk.toString("latin1").startsWith("HTTP/1.1 101")
      socket.resume()
      if (!agreed) socket.destroy()
      resolve(agreed ? socket : undefined)
    })
    socket.on("error", () => resolve(undefined))
    socket.on("close", () => resolve(undefined))
    socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: words\r\n\r\n`)
  })
}
