import { connect, type Socket } from "node:net"
import { setImmediate, setTimeout } from "node:timers/promises"
import { Latency, type LatencySummary } from "./latency.ts"
import type { Target } from "./open-loop.ts"

/** So many requests a second, for so long. */
export interface Step {
  readonly perSecond: number
  readonly seconds: number
  /** Each at its own moment, to a tenth of a millisecond; otherwise those of a millisecond leave together, and wait for each other. */
  readonly evenly?: boolean
}

export interface StepOutcome {
  readonly step: Step
  readonly latency: LatencySummary
  /** Answers other than 200, and requests without one. */
  readonly failed: number
  /** What the first of those were told, or what became of their connections. */
  readonly failures: readonly string[]
}

const failuresMax = 20
/** What is not answered within this after the last step has failed. */
const patienceMs = 30_000
/** Where the digits are in `HTTP/1.1 200`. */
const statusAt = 9
const headEnd = Buffer.from("\r\n\r\n")

/**
 * The open loop for rates at which a full HTTP client would be the largest load of the machine: requests are written by
 * hand, one at a time on each connection, and of an answer no more is read than where it ends. Answers need a length.
 * Latencies count from when a request should have left.
 */
export async function leanLoop(target: Target, steps: readonly Step[]): Promise<StepOutcome[]> {
  const connections = new LeanConnections(target)
  const tallies: Tally[] = []
  for (const step of steps) {
    const tally = new Tally(step)
    tallies.push(tally)
    const startedAt = performance.now()
    const total = Math.round(step.perSecond * step.seconds)
    for (let sent = 0; sent < total; ) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * step.perSecond) + 1)
      for (; sent < due; sent++) connections.send(startedAt + (sent / step.perSecond) * 1_000, tally)
      await (step.evenly ? briefly() : setTimeout(1))
    }
  }
  const deadline = performance.now() + patienceMs
  while (tallies.some(({ open }) => open > 0) && performance.now() < deadline) {
    await setTimeout(10)
  }
  connections.close()
  return tallies.map((tally) => tally.outcome())
}

const nobody = new Int32Array(new SharedArrayBuffer(4))
const brieflyMs = 0.1

/** Timers know whole milliseconds only, and looking at the clock without rest would take a processor from who is measured. */
function briefly(): Promise<void> {
  Atomics.wait(nobody, 0, 0, brieflyMs)
  return setImmediate()
}

class Tally {
  open = 0
  readonly #step: Step
  readonly #latency = new Latency()
  #failed = 0
  readonly #failures: string[] = []
  readonly #startedMs = performance.now()

  constructor(step: Step) {
    this.#step = step
  }

  answered(dueMs: number, answer: Buffer): void {
    this.open--
    this.#latency.record(performance.now() - dueMs)
    if (answer.toString("latin1", statusAt, statusAt + 3) !== "200") this.#note(answer.toString("latin1", statusAt))
  }

  lost(why: string): void {
    this.open--
    this.#note(why)
  }

  outcome(): StepOutcome {
    return { step: this.#step, latency: this.#latency.summary(), failed: this.#failed, failures: this.#failures }
  }

  #note(why: string): void {
    this.#failed++
    const at = `${((performance.now() - this.#startedMs) / 1_000).toFixed(2)} s: ${why.replaceAll(/\s+/g, " ")}`
    if (this.#failures.length < failuresMax) this.#failures.push(at)
  }
}

interface Asked {
  readonly dueMs: number
  readonly tally: Tally
}

class LeanConnections {
  readonly #target: Target
  readonly #words: string
  readonly #idle: LeanConnection[] = []
  readonly #all = new Set<LeanConnection>()

  constructor(target: Target) {
    this.#target = target
    this.#words = `GET ${target.path ?? "/"} HTTP/1.1\r\nhost: ${target.host}\r\n\r\n`
  }

  send(dueMs: number, tally: Tally): void {
    tally.open++
    const connection = this.#idle.pop() ?? this.#connect()
    connection.ask(this.#words, { dueMs, tally })
  }

  close(): void {
    for (const connection of this.#all) connection.close("no answer in time")
  }

  #connect(): LeanConnection {
    const { port, address = "127.0.0.1" } = this.#target
    const connection = new LeanConnection(
      connect({ port, host: address, noDelay: true }),
      () => this.#idle.push(connection),
      () => this.#forget(connection),
    )
    this.#all.add(connection)
    return connection
  }

  #forget(connection: LeanConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
  }
}

/** One request after the other. */
class LeanConnection {
  readonly #socket: Socket
  readonly #free: () => void
  #asked: Asked | undefined
  #heard: Buffer | undefined
  #why = "the connection ended before the answer"

  constructor(socket: Socket, free: () => void, gone: () => void) {
    this.#socket = socket
    this.#free = free
    socket.on("data", (chunk: Buffer) => this.#read(chunk))
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#why = error.code ?? error.message
    })
    socket.on("close", () => {
      gone()
      this.#asked?.tally.lost(this.#why)
      this.#asked = undefined
    })
  }

  ask(words: string, asked: Asked): void {
    this.#asked = asked
    this.#socket.write(words, "latin1")
  }

  close(why: string): void {
    this.#why = why
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const heard = this.#heard === undefined ? chunk : Buffer.concat([this.#heard, chunk])
    const headLength = heard.indexOf(headEnd)
    const head = headLength < 0 ? "" : heard.toString("latin1", 0, headLength)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (head !== "" && length === undefined) this.close(`an answer without a length: ${head.slice(0, 100)}`)
    else if (head === "" || heard.length < headLength + headEnd.length + Number(length)) this.#heard = heard
    else this.#whole(head, heard)
  }

  #whole(head: string, heard: Buffer): void {
    this.#heard = undefined
    const asked = this.#asked
    this.#asked = undefined
    asked?.tally.answered(asked.dueMs, heard)
    if (/\r\nconnection: *close/i.test(head)) this.#socket.end()
    else this.#free()
  }
}
