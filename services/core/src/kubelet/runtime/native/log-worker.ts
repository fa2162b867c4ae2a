import { closeSync, mkdirSync, openSync, statSync, writevSync } from "node:fs"
import type { Socket } from "node:net"
import { dirname } from "node:path"
import { parentPort } from "node:worker_threads"
import { assert } from "@wick/sdk/assert"
import { systemClock } from "@wick/sdk/clock"
import { readEnd } from "./fifo-end.ts"
import { LogLines } from "./log-lines.ts"
import type { LogOrder, NumberedOrder } from "./log-thread.ts"
import { OutputTail } from "./output-tail.ts"

/** A thread of its own that reads what containers say, so that one that says much holds up nobody else. */
const port = parentPort
assert(port, "runs as a worker thread")
const logs = new Map<string, ContainerLog>()

class ContainerLog {
  readonly #id: string
  /** Whether somebody else wants to hear it too. */
  attached: boolean
  #file: number
  /** Of containers without a terminal. */
  readonly #tails: { readonly tail: OutputTail; readonly lines: LogLines }[] = []
  /** Of those with one. */
  readonly #terminals = new Set<Socket>()

  constructor(id: string, path: string, attached: boolean) {
    this.#id = id
    this.attached = attached
    this.#file = openLog(path)
  }

  read(stream: "stdout" | "stderr", path: string): void {
    const lines = new LogLines(stream)
    const take = (chunk: Buffer): number => {
      this.#write(lines.take(chunk, systemClock.now()))
      if (this.attached) port?.postMessage({ kind: "said", id: this.#id, stream, chunk })
      return lines.pending
    }
    if (statSync(path, { throwIfNoEntry: false })?.isFIFO()) this.#readTerminal(path, lines, take)
    else this.#tails.push({ tail: this.#tail(path, take), lines })
  }

  /** Nothing more is appended: the rest is written. What a terminal says ends by itself. */
  finish(): void {
    if (this.#tails.length === 0) return
    for (const { tail, lines } of this.#tails) {
      tail.finish()
      this.#write(lines.finish(systemClock.now()))
    }
    // The first that goes says that all were read.
    for (const { tail } of this.#tails) tail.remove()
    this.#ended()
  }

  /** Leaves what is not read yet to a later process, or to the thread that is begun when this one has failed. */
  stop(): void {
    for (const { tail } of this.#tails) tail.stop()
    for (const socket of this.#terminals) socket.removeAllListeners("close").destroy()
    closeSync(this.#file)
  }

  #tail(path: string, take: (chunk: Buffer) => number): OutputTail {
    const spent = (until: number): void => port?.postMessage({ kind: "spent", id: this.#id, path, until })
    return new OutputTail({ path, progressPath: `${path}.progress`, take, spent })
  }

  /** The FIFO may have no writer yet: then it is waited for. */
  #readTerminal(path: string, lines: LogLines, take: (chunk: Buffer) => number): void {
    const socket = readEnd(path)
    this.#terminals.add(socket)
    socket.on("data", take)
    socket.on("error", () => socket.destroy())
    socket.on("close", () => {
      this.#write(lines.finish(systemClock.now()))
      this.#terminals.delete(socket)
      if (this.#terminals.size === 0) this.#ended()
    })
  }

  /** Opened before the old one is let go of: were it refused, the next container's file would have the old one's number. */
  reopen(path: string): void {
    const file = openLog(path)
    closeSync(this.#file)
    this.#file = file
  }

  #write(parts: readonly Buffer[]): void {
    try {
      // One call takes at most so many parts.
      for (let from = 0; from < parts.length; from += partsMax) {
        writevSync(this.#file, parts.slice(from, from + partsMax))
      }
    } catch (error) {
      // A full disk loses what is said meanwhile; the container, and those that share this thread, go on.
      port?.postMessage({ kind: "lost", id: this.#id, message: (error as Error).message })
    }
  }

  #ended(): void {
    closeSync(this.#file)
    logs.delete(this.#id)
    port?.postMessage({ kind: "ended", id: this.#id })
  }
}

/** `IOV_MAX` of Linux is 1024, and a line has three parts. */
const partsMax = 1_023
const ownerWrites = 0o640

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, "a", ownerWrites)
}

port.on("message", (order: NumberedOrder) => {
  const { turn } = order
  try {
    obey(order)
    port.postMessage({ kind: "done", turn })
  } catch (error) {
    port.postMessage({ kind: "failed", turn, message: (error as Error).message })
  }
})

function obey(order: LogOrder): void {
  if (order.kind === "open") {
    open(order)
    return
  }
  if (order.kind === "stop") {
    stopAll()
    return
  }
  const log = logs.get(order.id)
  if (order.kind === "reopen") log?.reopen(order.logPath)
  else if (order.kind === "finish") log?.finish()
  else if (order.kind === "attach" && log) log.attached = order.attached
}

function stopAll(): void {
  for (const log of logs.values()) log.stop()
  logs.clear()
}

// Files are the process's, which goes on when this thread has failed.
process.once("exit", stopAll)

function open({ id, logPath, stdout, stderr, attached }: Extract<LogOrder, { kind: "open" }>): void {
  mkdirSync(dirname(stdout), { recursive: true, mode: 0o700 })
  const log = new ContainerLog(id, logPath, attached)
  logs.set(id, log)
  log.read("stdout", stdout)
  if (stderr !== undefined) log.read("stderr", stderr)
}
