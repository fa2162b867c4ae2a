import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { identify, isAlive, type ProcessIdentity } from "@wick/core/process-identity"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"

/**
 * A program that outlives this process and is kept running by it.
 *
 *     absent ──spawn──▶ running ──dies──▶ waiting ──back-off──▶ running
 *        └──adopt──────────▲                                      │
 *                          └───────────── stop ──▶ absent ◀───────┘
 *
 * It is started detached and remembered in a file, so that after a crash of ours the next start adopts it instead of
 * starting a second one. One with other arguments or other code (`version`) is replaced.
 */
export interface KeptProcessOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Its environment; ours unless given. */
  readonly env?: NodeJS.ProcessEnv
  /** Changes when the program's code does: a running one of another version is not adopted. */
  readonly version: string
  /** Holds `<name>.pid` and `<name>.log`. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
}

export interface KeptProcess {
  readonly adopted: boolean
  pid(): number | undefined
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>
}

const backoffStartMs = 50
const backoffMaxMs = 5_000
/** A run at least this long was healthy: the next death starts the back-off anew. */
const healthyAfterMs = 10_000
/** How often an adopted process, which is no child of ours and so cannot be waited for, is looked at. */
const adoptedCheckMs = 500
const stopCheckMs = 20
const logSizeMaxBytes = 16 * 1024 * 1024

interface Memory extends ProcessIdentity {
  readonly fingerprint: string
}

export async function keepProcess(options: KeptProcessOptions): Promise<KeptProcess> {
  const pidFile = join(options.directory, `${options.name}.pid`)
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([options.version, options.command, options.args]))
    .digest("hex")
  const remembered = recall(pidFile)
  const adopted = remembered !== undefined && remembered.fingerprint === fingerprint
  if (remembered && !adopted) await end(options.clock, remembered, healthyAfterMs)
  const keeper = new Keeper(options, pidFile, fingerprint)
  if (adopted) keeper.adopt(remembered)
  else keeper.start()
  return {
    adopted,
    pid: () => keeper.current?.pid,
    stop: (graceMs) => keeper.stop(graceMs),
  }
}

class Keeper {
  current: ProcessIdentity | undefined
  #stopped = false
  #timer: Timer | undefined
  #failures = 0
  readonly #options: KeptProcessOptions
  readonly #pidFile: string
  readonly #fingerprint: string

  constructor(options: KeptProcessOptions, pidFile: string, fingerprint: string) {
    this.#options = options
    this.#pidFile = pidFile
    this.#fingerprint = fingerprint
  }

  start(): void {
    if (this.#stopped) return
    const startedAt = this.#options.clock.monotonic()
    const child = this.#spawn()
    child.once("error", (error) => {
      this.#options.log.error("cannot start", { program: this.#options.name, error })
      this.#died(0)
    })
    child.once("exit", (code, signal) => {
      this.#options.log.warn("ended", { program: this.#options.name, code, signal })
      this.#died(this.#options.clock.monotonic() - startedAt)
    })
    this.current = child.pid === undefined ? undefined : identify(child.pid)
    if (this.current) this.#remember(this.current)
  }

  adopt(identity: ProcessIdentity): void {
    this.current = identity
    const check = (): void => {
      if (this.#stopped) return
      if (isAlive(identity)) this.#timer = this.#options.clock.timer(adoptedCheckMs, check)
      else this.#died(healthyAfterMs)
    }
    check()
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    if (this.current) await end(this.#options.clock, this.current, graceMs)
    this.current = undefined
    rmSync(this.#pidFile, { force: true })
  }

  #remember(identity: ProcessIdentity): void {
    const memory: Memory = { ...identity, fingerprint: this.#fingerprint }
    writeFileSync(this.#pidFile, JSON.stringify(memory), { mode: 0o600 })
  }

  #spawn(): ChildProcess {
    const path = join(this.#options.directory, `${this.#options.name}.log`)
    if (sizeOf(path) > logSizeMaxBytes) renameSync(path, `${path}.1`)
    const output = openSync(path, "a", 0o600)
    try {
      const child = spawn(this.#options.command, this.#options.args, {
        detached: true,
        stdio: ["ignore", output, output],
        ...(this.#options.env && { env: this.#options.env }),
      })
      child.unref()
      return child
    } finally {
      closeSync(output)
    }
  }

  #died(ranForMs: number): void {
    this.current = undefined
    if (this.#stopped) return
    this.#failures = ranForMs >= healthyAfterMs ? 1 : this.#failures + 1
    const delayMs = Math.min(backoffMaxMs, backoffStartMs * 2 ** (this.#failures - 1))
    this.#timer = this.#options.clock.timer(this.#failures === 1 ? 0 : delayMs, () => this.start())
  }
}

async function end(clock: Clock, process: ProcessIdentity, graceMs: number): Promise<void> {
  signal(process, "SIGTERM")
  const deadline = clock.monotonic() + graceMs
  while (isAlive(process) && clock.monotonic() < deadline) await clock.sleep(stopCheckMs)
  signal(process, "SIGKILL")
  while (isAlive(process)) await clock.sleep(stopCheckMs)
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (isAlive(identity)) process.kill(identity.pid, name)
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
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}
