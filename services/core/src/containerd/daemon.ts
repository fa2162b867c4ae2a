import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts"

/**
 * The containerd process: started detached, so that it and the containers outlive us; remembered in a file, so that our
 * next start adopts it; started again when it dies.
 *
 *     absent ──start──▶ running ──dies──▶ waiting ──back-off──▶ running
 *        └──adopt─────────▲                                        │
 *                         └──────────── stop ──▶ absent ◀──────────┘
 *
 * A child's death is told by the kernel. An adopted one is no child of ours: its death shows as the end of its event
 * stream, after which `check` is called.
 */
export interface Daemon {
  readonly adopted: boolean
  pid(): number | undefined
  /** Starts it again if it is gone. */
  check(): void
  /** Stops it and forgets it. Containers go on running; their shims are not its children. */
  stop(): Promise<void>
  /** Leaves it running and stops caring for it. */
  detach(): void
}

export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Beside what this process has. */
  readonly env?: NodeJS.ProcessEnv
  /** Another configuration than the running one's means: replace it. */
  readonly fingerprint: string
  readonly pidFile: string
  readonly logFile: string
  readonly clock: Clock
  readonly log: Log
}

const backoffMsMin = 50
const backoffMsMax = 5_000
/** A run at least this long was healthy: the next death starts the back-off anew. */
const healthyMs = 10_000
const stopGraceMs = 10_000
const stopCheckMs = 10
const logBytesMax = 8 * 1024 * 1024
/** How often the log's size is looked at: at the rate of a loop gone wild it grows some hundred megabytes until then. */
const logCheckMs = 600_000

interface Memory extends ProcessIdentity {
  readonly fingerprint: string
}

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const remembered = recall(options.pidFile)
  const adopted = remembered?.fingerprint === options.fingerprint
  if (remembered && !adopted) await end(options.clock, remembered)
  const keeper = new Keeper(options)
  if (remembered && adopted) keeper.current = remembered
  else keeper.start()
  keeper.watchLog()
  return {
    adopted,
    pid: () => keeper.current?.pid,
    check: () => keeper.check(),
    stop: () => keeper.stop(),
    detach: () => keeper.detach(),
  }
}

class Keeper {
  current: ProcessIdentity | undefined
  readonly #options: DaemonOptions
  #over = false
  #failures = 0
  #startedAt = 0
  #restart: Timer | undefined
  #logCheck: Timer | undefined

  constructor(options: DaemonOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonic()
  }

  start(): void {
    this.#restart = undefined
    if (this.#over) return
    this.#startedAt = this.#options.clock.monotonic()
    const child = this.#spawn()
    child.once("error", (error) => {
      this.#options.log.error("cannot start containerd", { command: this.#options.command, error })
      this.#died()
    })
    child.once("exit", (code, signal) => {
      if (!this.#over) this.#options.log.warn("containerd ended", { code, signal, log: this.#options.logFile })
      this.#died()
    })
    this.current = child.pid === undefined ? undefined : identify(child.pid)
    if (!this.current) return
    const memory: Memory = { ...this.current, fingerprint: this.#options.fingerprint }
    writeFileSync(this.#options.pidFile, JSON.stringify(memory), { mode: 0o600 })
  }

  check(): void {
    if (this.current && !isAlive(this.current)) this.#died()
  }

  watchLog(): void {
    if (this.#over) return
    if (sizeOf(this.#options.logFile) > logBytesMax) truncateSync(this.#options.logFile)
    this.#logCheck = this.#options.clock.timer(logCheckMs, () => this.watchLog())
  }

  detach(): void {
    this.#over = true
    this.#restart?.cancel()
    this.#logCheck?.cancel()
  }

  async stop(): Promise<void> {
    this.detach()
    if (this.current) await end(this.#options.clock, this.current)
    this.current = undefined
    rmSync(this.#options.pidFile, { force: true })
  }

  #spawn(): ChildProcess {
    const { logFile, command, args, env } = this.#options
    if (sizeOf(logFile) > logBytesMax) renameSync(logFile, `${logFile}.1`)
    const output = openSync(logFile, "a", 0o600)
    try {
      const child = spawn(command, args, {
        detached: true,
        stdio: ["ignore", output, output],
        ...(env && { env: { ...process.env, ...env } }),
      })
      child.unref()
      return child
    } finally {
      closeSync(output)
    }
  }

  #died(): void {
    this.current = undefined
    if (this.#over || this.#restart) return
    const healthy = this.#options.clock.monotonic() - this.#startedAt >= healthyMs
    this.#failures = healthy ? 1 : this.#failures + 1
    const delayMs = this.#failures === 1 ? 0 : Math.min(backoffMsMax, backoffMsMin * 2 ** this.#failures)
    this.#restart = this.#options.clock.timer(delayMs, () => this.start())
  }
}

async function end(clock: Clock, identity: ProcessIdentity): Promise<void> {
  if (isAlive(identity)) process.kill(identity.pid, "SIGTERM")
  const deadline = clock.monotonic() + stopGraceMs
  while (isAlive(identity) && clock.monotonic() < deadline) await clock.sleep(stopCheckMs)
  if (isAlive(identity)) process.kill(identity.pid, "SIGKILL")
  while (isAlive(identity)) await clock.sleep(stopCheckMs)
}

function recall(pidFile: string): Memory | undefined {
  try {
    const memory = JSON.parse(readFileSync(pidFile, "utf8")) as Memory
    return isAlive(memory) ? memory : undefined
  } catch {
    return undefined
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
