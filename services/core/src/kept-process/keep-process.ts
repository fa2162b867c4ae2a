import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts"

/**
 * A program that outlives this process and is kept running by it.
 *
 *     absent ──start──▶ running ──dies──▶ waiting ──back-off──▶ running
 *        └──adopt──────────▲                                      │
 *                          └───────────── stop ──▶ absent ◀───────┘
 *
 * It is started detached and remembered in a file, so that after a crash of ours the next start adopts it instead of
 * starting a second one. The death of one that we started is told by the kernel; an adopted one is no child of ours:
 * somebody who notices calls `check`.
 */
export interface KeptProcess {
  readonly adopted: boolean
  pid(): number | undefined
  /** Starts it again if it is gone. */
  check(): void
  /** SIGTERM, then SIGKILL after a while. Resolves when it is gone and forgotten; what it has started itself goes on. */
  stop(): Promise<void>
  /** Leaves it running and stops caring for it. */
  detach(): void
}

export interface KeptProcessOptions {
  /** For the log. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Its environment; ours unless given. */
  readonly env?: NodeJS.ProcessEnv
  /** Of all that makes it what it is, its code included: a running one with another is replaced, not adopted. */
  readonly fingerprint: string
  readonly pidFile: string
  /** Takes what it prints. */
  readonly logFile: string
  /** Time between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number
  /** How often an adopted one is looked at, where nobody else notices its death. */
  readonly adoptedCheckMs?: number
  readonly clock: Clock
  readonly log: Log
}

const backoffMsMin = 50
const backoffMsMax = 5_000
/** A run at least this long was healthy: the next death starts the back-off anew. */
const healthyMs = 10_000
const stopCheckMs = 10
const logBytesMax = 16 * 1024 * 1024
/** How often the log's size is looked at: at the rate of a loop gone wild it grows some hundred megabytes until then. */
const logCheckMs = 600_000

interface Memory extends ProcessIdentity {
  readonly fingerprint: string
}

/** Adopts the program that an earlier keeper left, or starts it. Rejects only when another's cannot be ended. */
export async function keepProcess(options: KeptProcessOptions): Promise<KeptProcess> {
  const remembered = recall(options.pidFile)
  const adopted = remembered?.fingerprint === options.fingerprint
  if (remembered && !adopted) await end(options, remembered)
  const keeper = new Keeper(options)
  if (remembered && adopted) keeper.adopt(remembered)
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
  readonly #options: KeptProcessOptions
  #over = false
  #failures = 0
  #startedAt: number
  #restart: Timer | undefined
  #adoptedCheck: Timer | undefined
  #logCheck: Timer | undefined

  constructor(options: KeptProcessOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonic()
  }

  start(): void {
    this.#restart = undefined
    if (this.#over) return
    const { name, command, pidFile, logFile, fingerprint, clock, log } = this.#options
    this.#startedAt = clock.monotonic()
    const child = this.#spawn()
    child.once("error", (error) => {
      log.error("cannot start", { program: name, command, error })
      this.#died()
    })
    child.once("exit", (code, signal) => {
      if (!this.#over) log.warn("ended", { program: name, code, signal, log: logFile })
      this.#died()
    })
    this.current = child.pid === undefined ? undefined : identify(child.pid)
    if (!this.current) return
    const memory: Memory = { ...this.current, fingerprint }
    writeFileSync(pidFile, JSON.stringify(memory), { mode: 0o600 })
  }

  adopt(identity: ProcessIdentity): void {
    this.current = identity
    const { adoptedCheckMs, clock } = this.#options
    if (adoptedCheckMs === undefined) return
    const look = (): void => {
      this.check()
      if (this.current === identity) this.#adoptedCheck = clock.timer(adoptedCheckMs, look)
    }
    look()
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
    this.#adoptedCheck?.cancel()
    this.#logCheck?.cancel()
  }

  async stop(): Promise<void> {
    this.detach()
    if (this.current) await end(this.#options, this.current)
    this.current = undefined
    rmSync(this.#options.pidFile, { force: true })
  }

  #spawn(): ChildProcess {
    const { logFile, command, args, env } = this.#options
    if (sizeOf(logFile) > logBytesMax) renameSync(logFile, `${logFile}.1`)
    const output = openSync(logFile, "a", 0o600)
    try {
      const child = spawn(command, args, { detached: true, stdio: ["ignore", output, output], ...(env && { env }) })
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
    const delayMs = this.#failures === 1 ? 0 : Math.min(backoffMsMax, backoffMsMin * 2 ** (this.#failures - 1))
    this.#restart = this.#options.clock.timer(delayMs, () => this.start())
  }
}

async function end({ clock, stopGraceMs }: KeptProcessOptions, identity: ProcessIdentity): Promise<void> {
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
