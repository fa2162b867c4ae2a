import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

export interface PlainServer extends AsyncDisposable {
  readonly api: string
  readonly pid: number
  /** Sends a line of so many bytes to every stream. */
  tell(bytes: number): void
}

/**
 * A bare HTTP/2 server over TLS in a process of its own, with the platform's certificate: what a fan-out costs without any
 * of ours, on this machine at this hour.
 */
export async function startPlainServer(home: string): Promise<PlainServer> {
  const program = join(import.meta.dirname, "plain-server", "main.ts")
  const credential = ["crt", "key"].map((kind) => join(home, "pki", `apiserver.${kind}`))
  const child = spawn(process.execPath, [program, ...credential], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const [port] = (await once(child, "message")) as [number]
  return {
    api: `https://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    tell: (bytes) => void child.send(bytes),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit")
      child.disconnect()
      await ended
    },
  }
}
