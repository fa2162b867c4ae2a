import type { ServerResponse } from "node:http"
import type { Log } from "@wick/sdk/log"
import type { Sink } from "../push-response.ts"

/** The body of one answer on its connection. */
export interface Outlet {
  /** Bytes that the other end has taken. */
  taken(): number
  unread(): number
  cut(): void
}

interface Behind {
  taken: number
  checks: number
}

/** How often in the time that is allowed a client is looked at: it is cut off no later than this part of it. */
const checksPerStall = 4

/**
 * Cuts clients off that take nothing of what waits for them: half-open connections, and readers that have stopped. It looks
 * only while somebody is behind, so it costs nothing while all read.
 */
export class Stalls {
  readonly #everyMs: number
  readonly #log: Log
  readonly #behind = new Map<Outlet, Behind>()
  #timer: NodeJS.Timeout | undefined

  constructor(stalledMsMax: number, log: Log) {
    this.#everyMs = stalledMsMax / checksPerStall
    this.#log = log
  }

  mind(outlet: Outlet): void {
    if (this.#behind.has(outlet)) return
    this.#behind.set(outlet, { taken: outlet.taken(), checks: 0 })
    this.#timer ??= setInterval(() => this.#check(), this.#everyMs).unref()
  }

  #check(): void {
    for (const [outlet, behind] of this.#behind) {
      const taken = outlet.taken()
      if (outlet.unread() === 0) this.#behind.delete(outlet)
      else if (taken > behind.taken) Object.assign(behind, { taken, checks: 0 })
      else if (++behind.checks >= checksPerStall) {
        this.#behind.delete(outlet)
        this.#log.info("a client that does not read its answer was cut off", { unread: outlet.unread() })
        outlet.cut()
      }
    }
    if (this.#behind.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** Less than this is in the buffers of a connection anyway. */
export const restBytesMin = 64 * 1024

/** An answer of HTTP/1.1 that was written in one go: what of it is not taken at once is looked after from then on. */
export function mindRest(outgoing: ServerResponse, stalls: Stalls): void {
  if (outgoing.writableLength <= restBytesMin) return
  const unread = unreadOf(outgoing)
  // Nothing is added any more: what is taken is what is missing.
  stalls.mind({ unread, taken: () => -unread(), cut: () => void outgoing.destroy() })
}

/** What nobody will read any more is not waited for. */
function unreadOf(outgoing: ServerResponse): () => number {
  return () => (outgoing.destroyed ? 0 : outgoing.writableLength)
}

/** Writes the head of an answer of HTTP/1.1, and gives what its body is written to. */
export function openOutlet({ status, headers }: Response, outgoing: ServerResponse, stalls: Stalls): Sink {
  outgoing.writeHead(status, Object.fromEntries(headers))
  // The client learns that it watches before there is anything to see.
  outgoing.flushHeaders()
  const unread = unreadOf(outgoing)
  let written = 0
  const sink = {
    write: (bytes: Uint8Array): boolean => {
      written += bytes.byteLength
      const goesOn = outgoing.write(bytes)
      if (!goesOn) stalls.mind(sink)
      return goesOn
    },
    onDrained: (callback: () => void) => void outgoing.once("drain", callback),
    taken: () => written - unread(),
    unread,
    end: () => void outgoing.end(),
    // Without its last chunk nobody takes an answer for whole.
    cut: () => void outgoing.destroy(),
  }
  return sink
}
