import { Worker } from "node:worker_threads"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { RuntimeError } from "../runtime.ts"

export type LogOrder =
  | {
      readonly kind: "open"
      readonly id: string
      readonly logPath: string
      readonly stdout: string
      /** None of a terminal, which has one stream. */
      readonly stderr: string | undefined
      /** Whether somebody else wants to hear it too. */
      readonly attached: boolean
    }
  | { readonly kind: "attach"; readonly id: string; readonly attached: boolean }
  | { readonly kind: "reopen"; readonly id: string; readonly logPath: string }
  | { readonly kind: "finish" | "stop"; readonly id: string }

/** An order, and the number by which its answer is known. */
export type NumberedOrder = LogOrder & { readonly turn: number }

/** What the thread tells by itself. */
export type LogNews =
  | { readonly kind: "ended"; readonly id: string }
  | { readonly kind: "spent"; readonly id: string; readonly path: string; readonly until: number }
  | { readonly kind: "lost"; readonly id: string; readonly message: string }
  | { readonly kind: "said"; readonly id: string; readonly stream: "stdout" | "stderr"; readonly chunk: Uint8Array }

type Answer =
  | { readonly kind: "done"; readonly turn: number }
  | { readonly kind: "failed"; readonly turn: number; readonly message: string }

export interface LogThreadOptions {
  readonly clock: Clock
  readonly log: Log
  readonly onNews: (news: LogNews) => void
  /** A new thread knows of no log: those that were open are opened again, before what has waited for it. */
  readonly onAnew: () => void
  /** No log is open any more. */
  readonly onGivenUp: () => void
}

/** So often in a row a thread that has failed is begun anew. */
export const restartsMax = 5
export const restartMs = 500
/** One that has lived for so long has not failed in a row. */
const soundMs = 60_000

interface Waiting {
  readonly order: LogOrder
  resolve(): void
  reject(error: Error): void
}

/**
 * The thread that writes logs (log-worker.ts), which starts with the first order. One that fails takes nobody with it: it
 * is begun anew, reads on from where it had noted to be, and is given again what it had not answered. When it fails again
 * and again, what was open is left to a later process, and the next order begins with a thread that has nothing open.
 */
export class LogThread {
  readonly #options: LogThreadOptions
  #worker: Worker | undefined
  #startedMs = 0
  /** In a row. */
  #failures = 0
  /** Between a failure and the next thread. */
  #resting: Timer | undefined
  #turn = 0
  readonly #waiting = new Map<number, Waiting>()

  constructor(options: LogThreadOptions) {
    this.#options = options
  }

  order(order: LogOrder): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#turn += 1
    this.#waiting.set(this.#turn, { order, resolve, reject })
    if (this.#resting === undefined) this.#send(this.#turn, order)
    return promise
  }

  /** What is not read yet is for a later process. */
  async stop(): Promise<void> {
    if (this.#worker === undefined && this.#resting === undefined) return
    // One that was given up holds nothing.
    await this.order({ kind: "stop", id: "" }).catch(() => undefined)
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #send(turn: number, order: LogOrder): void {
    this.#worker ??= this.#start()
    this.#worker.postMessage({ ...order, turn } satisfies NumberedOrder)
  }

  #start(): Worker {
    const { clock, log } = this.#options
    const worker = new Worker(new URL("./log-worker.ts", import.meta.url), {
      // Sockets close what was opened for them, which the thread would take for a mistake.
      trackUnmanagedFds: false,
    })
    worker.unref()
    worker.on("message", (report: LogNews | Answer) => this.#told(report))
    worker.on("error", (error) => log.warn("the thread that writes containers' logs has failed", { error }))
    worker.on("exit", () => worker === this.#worker && this.#ended())
    this.#startedMs = clock.monotonic()
    return worker
  }

  #told(report: LogNews | Answer): void {
    if (report.kind !== "done" && report.kind !== "failed") {
      this.#options.onNews(report)
      return
    }
    const waiting = this.#waiting.get(report.turn)
    this.#waiting.delete(report.turn)
    if (report.kind === "done") waiting?.resolve()
    else waiting?.reject(cannotWrite(report.message))
  }

  /** By itself, as it never should. */
  #ended(): void {
    const { clock } = this.#options
    this.#worker = undefined
    this.#failures = clock.monotonic() - this.#startedMs < soundMs ? this.#failures + 1 : 1
    if (this.#failures > restartsMax) this.#giveUp()
    else this.#resting = clock.timer(restartMs, () => this.#beginAnew())
  }

  #beginAnew(): void {
    this.#resting = undefined
    this.#options.log.warn("containers' logs are written on by a new thread", { failures: this.#failures })
    const waiting = [...this.#waiting]
    this.#options.onAnew()
    for (const [turn, { order }] of waiting) this.#send(turn, order)
  }

  #giveUp(): void {
    this.#options.log.error("containers that run are not logged until Wick starts anew: their reader fails each time")
    this.#failures = 0
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#options.onGivenUp()
    for (const { reject } of waiting) reject(cannotWrite("its reader fails each time"))
  }
}

function cannotWrite(why: string): RuntimeError {
  return new RuntimeError("failed", `cannot write the log: ${why}`)
}
