import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"
import { assert } from "@wick/sdk/assert"

/** A program of the machine, and what it is given. */
export interface HostProgram {
  readonly command: string
  readonly args: readonly string[]
  /** Text for its standard input. */
  readonly input: string
  /** Beside `PATH`. */
  readonly env: Readonly<Record<string, string>>
  readonly directory: string | undefined
}

export interface ProgramEnd {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** After a program the shell says on both its outputs that it has ended; these are texts, which have no zero. */
const endOfOutput = /\0(\d+)\n$/
const markerBytesMax = 5
const newline = 10
/** Ends a program's input. Whoever could write this line into it can run programs anyway. */
const endOfInput = "WICK_END_OF_INPUT"

/**
 * A shell that runs one program after the other for this process. Starting a program costs the kernel a copy of the page
 * tables of who starts it, and then a fault for each page that either writes: milliseconds from a process of some
 * hundred megabytes, a tenth of one from this shell.
 *
 * It leads a session of its own, so a Ctrl-C is not meant for it; it ends by itself when its input does, with us.
 */
export class CommandShell {
  readonly #child: ChildProcess
  readonly #gone: Promise<Error>
  /** Fails the program that runs now: a shell lives as long as we do, and must not remember all that it has run. */
  #fail: (error: Error) => void = () => {}
  #death: Error | undefined
  #over = false

  constructor() {
    const child = spawn("sh", [], { detached: true, stdio: "pipe", env: { PATH: process.env.PATH } })
    this.#child = child
    // What is written to one that has died is told by its end.
    child.stdin.on("error", () => {})
    this.#gone = new Promise((resolve) => {
      child.on("error", resolve)
      child.on("close", () => resolve(new Error("the shell that ran it has died")))
    })
    void this.#gone.then((error) => {
      this.#death = error
      this.#over = true
      this.#fail(error)
    })
    this.#hold(false)
  }

  /** Whether it runs nothing any more. */
  get over(): boolean {
    return this.#over
  }

  get gone(): Promise<Error> {
    return this.#gone
  }

  /** One at a time. Rejects when the program takes longer, or says more, than it may: then the shell is gone with it. */
  async run(program: HostProgram, timeoutMs: number, outputBytesMax: number): Promise<ProgramEnd> {
    const { stdin, stdout, stderr } = this.#child
    assert(stdin && stdout && stderr, "a shell's streams are ours")
    if (this.#death) throw this.#death
    this.#hold(true)
    const ended = new AbortController()
    const problem = Promise.withResolvers<never>()
    this.#fail = problem.reject
    const timer = setTimeout(() => {
      this.#kill()
      problem.reject(new Error(`it did not end within ${timeoutMs / 1_000} s`))
    }, timeoutMs)
    const tooMuch = (): void => {
      this.#kill()
      problem.reject(new Error(`it says more than ${outputBytesMax} bytes`))
    }
    const outputs = [stdout, stderr].map((stream) => outputOf(stream as Socket, outputBytesMax, tooMuch, ended.signal))
    stdin.write(scriptOf(program))
    try {
      const [out, err] = await Promise.race([Promise.all(outputs), problem.promise])
      return { exitCode: out?.exitCode ?? 0, stdout: out?.text ?? "", stderr: err?.text ?? "" }
    } finally {
      this.#fail = () => {}
      clearTimeout(timer)
      ended.abort()
      this.#hold(false)
    }
  }

  /** With the program that it runs. */
  #kill(): void {
    this.#over = true
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, "SIGKILL")
  }

  /** A shell that waits for work keeps nobody from ending. */
  #hold(busy: boolean): void {
    const { stdin, stdout, stderr } = this.#child
    for (const handle of [this.#child, stdin, stdout, stderr] as (ChildProcess | Socket)[]) {
      if (busy) handle.ref()
      else handle.unref()
    }
  }
}

/** What a program says, up to the shell's word that it has ended. */
function outputOf(
  stream: Socket,
  bytesMax: number,
  tooMuch: () => void,
  signal: AbortSignal,
): Promise<{ text: string; exitCode: number }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const take = (chunk: Buffer): void => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > bytesMax) tooMuch()
      const found = chunk.at(-1) === newline && endOfOutput.exec(tail(chunks))
      if (!found) return
      const text = Buffer.concat(chunks).toString("utf8", 0, bytes - found[0].length)
      resolve({ text, exitCode: Number(found[1]) })
    }
    stream.on("data", take)
    signal.addEventListener("abort", () => stream.off("data", take))
  })
}

/** The marker may have come in pieces. */
function tail(chunks: readonly Buffer[]): string {
  const last = chunks.at(-1) ?? Buffer.alloc(0)
  const whole = last.length < markerBytesMax ? Buffer.concat(chunks) : last
  return whole.toString("latin1", Math.max(0, whole.length - markerBytesMax))
}

/** Pure: what the shell is told. All that is not ours is quoted. */
export function scriptOf({ command, args, input, env, directory }: HostProgram): string {
  const variables = Object.entries(env).map(([name, value]) => {
    assert(/^[A-Za-z_]\w*$/.test(name), "names of the environment are words")
    return `${name}=${quoted(value)}`
  })
  const words = [...variables, ...[command, ...args].map(quoted)].join(" ")
  const placed = directory === undefined ? words : `(cd ${quoted(directory)} && ${words})`
  const given = input === "" ? "</dev/null" : `<<'${endOfInput}'\n${input}\n${endOfInput}`
  return `${placed} ${given}\nset -- $?; printf '\\0%d\\n' $1; printf '\\0%d\\n' $1 >&2\n`
}

/** As one word that the shell takes as it is. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
