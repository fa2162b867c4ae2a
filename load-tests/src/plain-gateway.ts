import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { Peer } from "./peer.ts"

/** A bare gateway before one server, in a process of its own: what Node and undici cost without any of ours, on this machine at this hour. */
export async function startPlainGateway(server: string): Promise<Peer> {
  const program = join(import.meta.dirname, "plain-gateway", "main.ts")
  const child = spawn(process.execPath, ["--max-semi-space-size=16", program, server], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  })
  const [port] = (await once(child, "message")) as [number]
  return {
    port,
    pids: child.pid === undefined ? [] : [child.pid],
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit")
      child.disconnect()
      await ended
    },
  }
}
