import { Readable } from "node:stream"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { hostCommand } from "#network"
import { type LogNews, type LogOrder, LogThread } from "./log-thread.ts"

/** Somebody who hears what a container says from now on. */
export interface Listener {
  readonly stdout: Readable
  readonly stderr: Readable
  detach(): void
}

/** `stdout` and `stderr` are files, or a terminal's FIFO. */
export type LogPlace = Omit<Extract<LogOrder, { kind: "open" }>, "kind" | "attached">

interface OpenLog {
  readonly place: LogPlace
  /** Whether the thread has begun to read it. */
  isRead: boolean
  readonly ended: Promise<void>
  readonly end: () => void
}

/** What a listener has not read yet; beyond it, it misses what is said: the container and its log wait for nobody. */
const unreadBytesMax = 1024 * 1024

/** Has the logs of containers written by a thread of its own (log-thread.ts). */
export class LogPump {
  readonly #log: Log
  readonly #thread: LogThread
  readonly #open = new Map<string, OpenLog>()
  readonly #listeners = new Map<string, Set<Listener>>()

  constructor(clock: Clock, log: Log) {
    this.#log = log
    this.#thread = new LogThread({
      clock,
      log,
      onNews: (news) => this.#told(news),
      onAnew: () => {
        for (const log of this.#open.values()) if (log.isRead) void this.#openAgain(log)
      },
      onGivenUp: () => {
        for (const id of this.#open.keys()) this.#closed(id)
      },
    })
  }

  /** Resolves when both streams are read. */
  async open(place: LogPlace): Promise<void> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const log: OpenLog = { place, isRead: false, ended, end }
    this.#open.set(place.id, log)
    await this.#thread.order({ kind: "open", ...place, attached: false })
    log.isRead = true
  }

  async attach(id: string): Promise<Listener> {
    const [stdout, stderr] = [new Readable({ read: () => {} }), new Readable({ read: () => {} })]
    const all = this.#listeners.get(id) ?? new Set()
    const listener: Listener = {
      ...{ stdout, stderr },
      detach: () => {
        all.delete(listener)
        if (all.size > 0 || !this.#listeners.delete(id)) return
        // A thread that has failed tells nobody anything.
        this.#thread.order({ kind: "attach", id, attached: false }).catch(() => undefined)
      },
    }
    this.#listeners.set(id, all.add(listener))
    await this.#thread.order({ kind: "attach", id, attached: true })
    return listener
  }

  /** The file was renamed: go on in a new one. */
  reopen(id: string, logPath: string): Promise<void> {
    return this.#thread.order({ kind: "reopen", id, logPath })
  }

  /** Resolves when all that a terminal has said is written: it has no writer any more. */
  ended(id: string): Promise<void> {
    return this.#open.get(id)?.ended ?? Promise.resolve()
  }

  /** Resolves when all that was said is written, as nobody says more. That a container has ended is told whatever becomes of its log. */
  async finish(id: string): Promise<void> {
    if (!this.#open.has(id)) return
    await this.#thread.order({ kind: "finish", id }).catch((error) => {
      this.#log.warn("a container's log is not written to its end", { container: id, error })
    })
  }

  /** What is not read yet is for a later process. */
  stop(): Promise<void> {
    return this.#thread.stop()
  }

  /** After the thread has failed. */
  async #openAgain({ place }: OpenLog): Promise<void> {
    const { id } = place
    await this.#thread.order({ kind: "open", ...place, attached: this.#listeners.has(id) }).catch((error) => {
      this.#log.warn("a container's log is not written any more", { container: id, error })
      this.#closed(id)
    })
  }

  /** Frees what lies before `until`, where the disk's file system can; elsewhere it stays until the container ends. */
  async #giveBack(path: string, until: number): Promise<void> {
    const range = ["--punch-hole", "--offset", "0", "--length", String(until)]
    await hostCommand("fallocate", [...range, path]).catch((error) => {
      this.#log.debug("what a container has said takes more room than its log", { path, error })
    })
  }

  #told(news: LogNews): void {
    if (news.kind === "lost") {
      this.#log.warn("a container's log is not written", { container: news.id, error: news.message })
    } else if (news.kind === "spent") {
      void this.#giveBack(news.path, news.until)
    } else if (news.kind === "said") {
      for (const listener of this.#listeners.get(news.id) ?? []) {
        const stream = listener[news.stream]
        if (stream.readableLength < unreadBytesMax) stream.push(news.chunk)
      }
    } else {
      this.#closed(news.id)
    }
  }

  #closed(id: string): void {
    for (const { stdout, stderr } of this.#listeners.get(id) ?? [])
      for (const stream of [stdout, stderr]) stream.push(null)
    this.#open.get(id)?.end()
    this.#open.delete(id)
  }
}
