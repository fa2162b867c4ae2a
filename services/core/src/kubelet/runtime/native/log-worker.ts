import { closeSync, mkdirSync, openSync, writevSync } from "node:fs"
import { dirname } from "node:path"
import { parentPort } from "node:worker_threads"
import { assert } from "@wick/sdk/assert"
import { systemClock } from "@wick/sdk/clock"
import { readEnd } from "./fifo-end.ts"
import { LogLines } from "./log-lines.ts"
import type { LogOrder } from "./log-pump.ts"

/**
 * A thread of its own that reads what containers say, so that one that says much holds up nobody else. A log is written
 * as fast as it is read; a disk that is slower makes the container wait, once its pipe is full.
 */
const port = parentPort
assert(port, "runs as a worker thread")
const logs = new Map<string, ContainerLog>()

class ContainerLog {
  readonly #id: string
  /** Whether somebody else wants to hear it too. */
  attached = false
  #file: number
  #open = 0

  constructor(id: string, path: string) {
    this.#id = id
    this.#file = openLog(path)
  }

  /** The FIFO may have no writer yet: then it is waited for. */
  read(stream: "stdout" | "stderr", path: string): void {
    const lines = new LogLines(stream)
    const socket = readEnd(path)
    this.#open += 1
    socket.on("data", (chunk: Buffer) => {
      this.#write(lines.take(chunk, systemClock.now()))
      if (this.attached) port?.postMessage({ kind: "said", id: this.#id, stream, chunk })
    })
    socket.on("error", () => socket.destroy())
    socket.on("close", () => {
      this.#write(lines.finish(systemClock.now()))
      this.#open -= 1
      if (this.#open === 0) this.#ended()
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

port.on("message", (order: LogOrder) => {
  const { id, turn } = order
  try {
    if (order.kind === "open") {
      const log = new ContainerLog(id, order.logPath)
      logs.set(id, log)
      log.read("stdout", order.stdout)
      if (order.stderr !== undefined) log.read("stderr", order.stderr)
    } else if (order.kind === "reopen") logs.get(id)?.reopen(order.logPath)
    else {
      const log = logs.get(id)
      if (log) log.attached = order.attached
    }
    port.postMessage({ kind: "done", turn })
  } catch (error) {
    port.postMessage({ kind: "failed", turn, message: (error as Error).message })
  }
})
