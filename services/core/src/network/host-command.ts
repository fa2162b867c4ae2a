import { CommandShell, type HostProgram, type ProgramEnd } from "./command-shell.ts"

/** Longest that a program of the host may take before it is given up: `nft` and `ip` need milliseconds. */
const timeoutMsDefault = 30_000
/** Largest output that is read: a rule listing of a host with many rules of its own. */
const outputBytesMax = 64 * 1024 * 1024
/** Programs that run at once; more wait, in their order. Some wait for the kernel, for a link to be gone for example. */
const shellsMax = 8

/** A program of the host that failed: what it was, and its own words. */
export class HostCommandError extends Error {
  override name = "HostCommandError"
}

/** What a program needs to be told; the rest is empty. */
export type GivenProgram = Pick<HostProgram, "command"> & Partial<HostProgram>

/** Starts as many shells as there is work for, and again one for each that has died. */
export class HostPrograms {
  readonly #timeoutMs: number
  readonly #idle: CommandShell[] = []
  readonly #waiting: ((shell: CommandShell) => void)[] = []
  #shells = 0

  constructor(timeoutMs = timeoutMsDefault) {
    this.#timeoutMs = timeoutMs
  }

  /** Runs a program and resolves with how it ended, whatever that is. */
  async run(given: GivenProgram): Promise<ProgramEnd> {
    const program = { args: [], input: "", env: {}, directory: undefined, ...given }
    const shell = await this.#take()
    const end = await shell
      .run(program, this.#timeoutMs, outputBytesMax)
      .catch((error: Error) => Promise.reject(failure(program, error.message)))
      .finally(() => this.#giveBack(shell))
    // A shell's word for what it cannot find (POSIX, 2.8.2).
    if (end.exitCode === 127) throw failure(program, "is not installed (npm run setup installs it)")
    return end
  }

  async #take(): Promise<CommandShell> {
    const idle = this.#idle.pop()
    if (idle) return idle
    if (this.#shells < shellsMax) return this.#start()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #start(): CommandShell {
    this.#shells += 1
    const shell = new CommandShell()
    void shell.gone.then(() => {
      this.#shells -= 1
      const at = this.#idle.indexOf(shell)
      if (at !== -1) this.#idle.splice(at, 1)
    })
    return shell
  }

  #giveBack(shell: CommandShell): void {
    const next = this.#waiting.shift()
    if (!shell.over) next ? next(shell) : this.#idle.push(shell)
    else next?.(this.#start())
  }
}

/** Of the whole process, as `child_process` is, for which they stand. */
const programs = new HostPrograms()

/** Runs a program and resolves with how it ended, whatever that is. */
export function hostProgram(program: GivenProgram): Promise<ProgramEnd> {
  return programs.run(program)
}

/** Runs a command, feeds it `input`, and resolves to its output. */
export async function hostCommand(
  command: string,
  args: readonly string[],
  input = "",
  directory?: string,
): Promise<string> {
  const program = { command, args, input, directory }
  const { exitCode, stdout, stderr } = await hostProgram(program)
  if (exitCode === 0) return stdout
  throw failure(program, stderr.trim() || `it ended with exit code ${exitCode}`)
}

function failure({ command, args = [] }: GivenProgram, words: string): HostCommandError {
  return new HostCommandError(`${[command, ...args].join(" ")}: ${words}`)
}
