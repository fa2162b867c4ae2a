import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

const program = join(import.meta.dirname, "member.ts")
/** A member that is not ready by then hangs. */
const readyTimeoutMs = 30_000

/** A member in a process of its own, started anew after each kill on the same directory and port. */
export class MemberProcess {
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  constructor(...args: readonly string[]) {
    this.#args = args
  }

  /** Resolves when it answers. Throws what it said when it ends by itself. */
  async start(): Promise<void> {
    const child = this.#spawn()
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the member is not ready in time")), readyTimeoutMs)
      child.stdout?.once("data", () => resolve())
      child.once("exit", (code, signal) => reject(new Error(`the member ended by itself: ${signal ?? code}`)))
      child.once("exit", () => clearTimeout(timer))
      child.stdout?.once("data", () => clearTimeout(timer))
    })
  }

  /** Starts it and kills it after so many milliseconds, whatever it does then. */
  async startAndKill(afterMs: number): Promise<void> {
    const child = this.#spawn()
    const timer = setTimeout(() => child.kill("SIGKILL"), afterMs)
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null]
    clearTimeout(timer)
    if (signal !== "SIGKILL") throw new Error(`the member ended by itself: ${signal ?? code}`)
  }

  /** Resolves when there is no process any more. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  }

  #spawn(): ChildProcess {
    const flags = ["--max-semi-space-size=2", "--disable-warning=ExperimentalWarning", program, ...this.#args]
    this.#child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] })
    return this.#child
  }
}
