import type { Socket } from "node:net"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"

/** For what is neither a client nor a pod: the API server, the autoscaler, other activators, those who ask for metrics. */
const ownDescriptors = 256
/** Who floods the gateway does not flood its log. */
const tellEveryMs = 10_000

/**
 * Pure: how many clients a process with so many file descriptors may have. Each needs a second one, for the pod; were
 * all taken by clients, none of them could be answered.
 */
export function clientsMaxOf(descriptors: number): number {
  return Math.max(1, Math.floor((descriptors - ownDescriptors) / 2))
}

/** Counts the connections of clients, whatever is spoken on them and through whichever port they came. */
export class ClientLimit {
  readonly max: number
  readonly #clock: Pick<Clock, "monotonic">
  readonly #log: Log
  #connected = 0
  #refused = 0
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(max: number, clock: Pick<Clock, "monotonic">, log: Log) {
    this.max = max
    this.#clock = clock
    this.#log = log
  }

  /** Whether there is room for it, which it then has until it is closed. */
  admit(socket: Socket): boolean {
    if (this.#connected >= this.max) {
      this.#refused++
      this.#tell()
      return false
    }
    this.#connected++
    socket.once("close", () => this.#connected--)
    return true
  }

  #tell(): void {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#toldMs < tellEveryMs) return
    this.#toldMs = nowMs
    this.#log.warn("clients are refused: there are as many connections as there may be", {
      max: this.max,
      refused: this.#refused,
    })
  }
}
