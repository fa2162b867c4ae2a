import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import type { Clock, Timer } from "@wick/sdk/clock"
import { HostCommandError } from "./host-command.ts"

/** Longest that a transaction may take before it is given up: `nft` needs milliseconds. */
const timeoutMs = 10_000

/** Each line that it reads is one transaction, after which it says what `nft` said, and how that ended. */
const loop = `while IFS= read -r line; do printf '%s\\n' "$line" | nft -f - 2>&1; echo "ended $?"; done`
const ended = /^(?<words>.*?)ended (?<code>\d+)\n$/s
/** What the shell says of a program that is not there. */
const notFoundCode = 127

interface Asked {
  resolve(): void
  reject(error: Error): void
  readonly limit: Timer
}

/**
 * Carries out transactions of the packet filter, one at a time. A program that is started by this process, whose memory is
 * large, stops it for ten milliseconds and more; by a shell, which has next to none, it is started for less than one. The shell
 * comes with the first transaction, and ends when this process does, however that ends.
 */
export class FilterShell implements Disposable {
  readonly #clock: Clock
  #shell: ChildProcessWithoutNullStreams | undefined
  #said = ""
  #asked: Asked | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when all of these commands hold; rejects, in the words of `nft`, when none of them does. */
  apply(commands: string): Promise<void> {
    const shell = this.#shell ?? this.#start()
    return new Promise((resolve, reject) => {
      const limit = this.#clock.timer(timeoutMs, () => this.#fail(shell, `no end within ${timeoutMs} ms`))
      this.#asked = { resolve, reject, limit }
      shell.stdin.write(`${commands.trimEnd().replaceAll("\n", ";")}\n`)
    })
  }

  [Symbol.dispose](): void {
    this.#shell?.stdin.end()
    this.#shell = undefined
  }

  /** In a session of its own: what a terminal tells this process's group is not for it. */
  #start(): ChildProcessWithoutNullStreams {
    const shell = spawn("/bin/sh", ["-c", loop], { detached: true })
    shell.on("error", (error) => this.#fail(shell, error.message))
    shell.on("exit", (code, signal) => this.#fail(shell, `the shell ended: ${signal ?? code}`))
    // A shell that has ended is told of by that.
    shell.stdin.on("error", () => {})
    shell.stdout.setEncoding("utf8").on("data", (text: string) => this.#hear(text))
    this.#shell = shell
    return shell
  }

  #hear(text: string): void {
    this.#said += text
    const { words = "", code } = ended.exec(this.#said)?.groups ?? {}
    if (code === undefined) return
    this.#said = ""
    if (Number(code) === 0) this.#answer()?.resolve()
    else this.#answer()?.reject(refused(Number(code), words))
  }

  /** The next transaction has a new shell. */
  #fail(shell: ChildProcessWithoutNullStreams, words: string): void {
    if (this.#shell !== shell) return
    this.#shell = undefined
    this.#said = ""
    shell.kill("SIGKILL")
    this.#answer()?.reject(new HostCommandError(`nft -f -: ${words}`))
  }

  #answer(): Asked | undefined {
    const asked = this.#asked
    this.#asked = undefined
    asked?.limit.cancel()
    return asked
  }
}

function refused(code: number, words: string): HostCommandError {
  const missing = code === notFoundCode
  return new HostCommandError(`nft -f -: ${missing ? "is not installed (npm run setup installs it)" : words.trim()}`)
}
