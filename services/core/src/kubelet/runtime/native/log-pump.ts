import { Readable } from "node:stream"
import { Worker } from "node:worker_threads"
import type { Log } from "@wick/sdk/log"
import { hostCommand } from "#network"
import { RuntimeError } from "../runtime.ts"

export type LogOrder =
  | {
      readonly kind: "open"
      readonly turn: number
      readonly id: string
      readonly logPath: string
      readonly stdout: string
      /** None of a terminal, which has one stream. */
      readonly stderr: string | undefined
    }
  | { readonly kind: "attach"; readonly turn: number; readonly id: string; readonly attached: boolean }
  | { readonly kind: "reopen"; readonly turn: number; readonly id: string; readonly logPath: string }
  | { readonly kind: "finish" | "stop"; readonly turn: number; readonly id: string }

type LogReport =
  | { readonly kind: "done"; readonly turn: number }
  | { readonly kind: "failed"; readonly turn: number; readonly message: string }
  | { readonly kind: "ended"; readonly id: string }
  | { readonly kind: "spent"; readonly id: string; readonly path: string; readonly until: number }
  | { readonly kind: "lost"; readonly id: string; readonly message: string }
  | { readonly kind: "said"; readonly id: string; readonly stream: "stdout" | "stderr"; readonly chunk: Uint8Array }

/** Somebody who hears what a container says from now on. */
export interface Listener {
  readonly stdout: Readable
  readonly stderr: Readable
  detach(): void
}

/** What a listener has not read yet; beyond it, it misses what is said: the container and its log wait for nobody. */
const unreadBytesMax = 1024 * 1024

type OrderWithoutTurn = LogOrder extends infer Order ? (Order extends LogOrder ? Omit<Order, "turn"> : never) : never

/** Has the logs of containers written by a thread of its own (log-worker.ts), which starts with the first of them. */
export class LogPump {
  readonly #log: Log
  #worker: Worker | undefined
  #turn = 0
  readonly #waiting = new Map<number, { resolve(): void; reject(error: Error): void }>()
  readonly #open = new Map<string, { readonly ended: Promise<void>; readonly end: () => void }>()
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `stdout` and `stderr` are files, or a terminal's FIFO. Resolves when both are read. */
  async open(log: Omit<Extract<LogOrder, { kind: "open" }>, "kind" | "turn">): Promise<void> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    this.#open.set(log.id, { ended, end })
    await this.#order({ kind: "open", ...log })
  }

  async attach(id: string): Promise<Listener> {
    const [stdout, stderr] = [new Readable({ read: () => {} }), new Readable({ read: () => {} })]
    const all = this.#listeners.get(id) ?? new Set()
    const listener: Listener = {
      ...{ stdout, stderr },
      detach: () => {
        all.delete(listener)
        if (all.size === 0 && this.#listeners.delete(id)) void this.#order({ kind: "attach", id, attached: false })
      },
    }
    this.#listeners.set(id, all.add(listener))
    await this.#order({ kind: "attach", id, attached: true })
    return listener
  }

  /** The file was renamed: go on in a new one. */
  reopen(id: string, logPath: string): Promise<void> {
    return this.#order({ kind: "reopen", id, logPath })
  }

  /** Resolves when all that a terminal has said is written: it has no writer any more. */
  ended(id: string): Promise<void> {
    return this.#open.get(id)?.ended ?? Promise.resolve()
  }

  /** Resolves when all that was said is written, as nobody says more. That a container has ended is told whatever becomes of its log. */
  async finish(id: string): Promise<void> {
    if (!this.#open.has(id)) return
    await this.#order({ kind: "finish", id }).catch((error) => {
      this.#log.warn("a container's log is not written to its end", { container: id, error })
    })
  }

  /** What is not read yet is for a later process. */
  async stop(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    await this.#order({ kind: "stop", id: "" })
    this.#worker = undefined
    await worker.terminate()
  }

  #order(order: OrderWithoutTurn): Promise<void> {
    this.#turn += 1
    const turn = this.#turn
    this.#worker ??= this.#start()
    const worker = this.#worker
    return new Promise((resolve, reject) => {
      this.#waiting.set(turn, { resolve, reject })
      worker.postMessage({ ...order, turn } satisfies LogOrder)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL("./log-worker.ts", import.meta.url), {
      // Sockets close what was opened for them, which the thread would take for a mistake.
      trackUnmanagedFds: false,
    })
    worker.unref()
    worker.on("message", (report: LogReport) => this.#told(report))
    return worker
  }

  /** Frees what lies before `until`, where the disk's file system can; elsewhere it stays until the container ends. */
  async #giveBack(path: string, until: number): Promise<void> {
    const range = ["--punch-hole", "--offset", "0", "--length", String(until)]
    await hostCommand("fallocate", [...range, path]).catch((error) => {
      this.#log.debug("what a container has said takes more room than its log", { path, error })
    })
  }

  #told(report: LogReport): void {
    if (report.kind === "lost") {
      this.#log.warn("a container's log is not written", { container: report.id, error: report.message })
      return
    }
    if (report.kind === "spent") {
      void this.#giveBack(report.path, report.until)
      return
    }
    if (report.kind === "said") {
      for (const listener of this.#listeners.get(report.id) ?? []) {
        const stream = listener[report.stream]
        if (stream.readableLength < unreadBytesMax) stream.push(report.chunk)
      }
      return
    }
    if (report.kind === "ended") {
      for (const { stdout, stderr } of this.#listeners.get(report.id) ?? [])
        for (const stream of [stdout, stderr]) stream.push(null)
      this.#open.get(report.id)?.end()
      this.#open.delete(report.id)
      return
    }
    const waiting = this.#waiting.get(report.turn)
    this.#waiting.delete(report.turn)
    if (report.kind === "done") waiting?.resolve()
    else waiting?.reject(new RuntimeError("failed", `cannot write the log: ${report.message}`))
  }
}
