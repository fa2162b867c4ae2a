import type { ServerResponse } from "node:http"
import { constants } from "node:http2"
import type { Log } from "@wick/sdk/log"
import type { Sink } from "../push-response.ts"
import type { Outgoing } from "./refusal.ts"

/** The body of one answer on its connection. */
interface Outlet {
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

/** An answer that was written in one go: what of it is not taken at once is looked after from then on. */
export function mindRest(outgoing: Outgoing, stalls: Stalls): void {
  const channel = channelOf(outgoing)
  if (channel.writableLength <= restBytesMin) return
  const unread = unreadOf(channel)
  // Nothing is added any more: what is taken is what is missing.
  stalls.mind({ unread, taken: () => -unread(), cut: () => cut(outgoing) })
}

/** Less than this is in the buffers of a connection anyway. */
const restBytesMin = 64 * 1024

type Channel = Pick<ServerResponse, "write" | "once" | "writableLength" | "destroyed">

/** Of HTTP/2 the stream itself: what lies over it costs something with every write, and there are thousands. */
function channelOf(outgoing: Outgoing): Channel {
  return ("stream" in outgoing ? outgoing.stream : outgoing) as Channel
}

/** What nobody will read any more is not waited for. */
function unreadOf(channel: Channel): () => number {
  return () => (channel.destroyed ? 0 : channel.writableLength)
}

/** Without its last chunk, or with an error of its stream, nobody takes an answer for whole. */
function cut(outgoing: Outgoing): void {
  if ("stream" in outgoing) outgoing.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  else outgoing.destroy()
}

/** Writes the head of an answer, and gives what its body is written to. */
export function openOutlet({ status, headers }: Response, outgoing: Outgoing, stalls: Stalls): Sink {
  const writable = outgoing as ServerResponse
  writable.writeHead(status, Object.fromEntries(headers))
  // The client learns that it watches before there is anything to see.
  writable.flushHeaders()
  const channel = channelOf(outgoing)
  const unread = unreadOf(channel)
  let written = 0
  const sink = {
    write: (bytes: Uint8Array): boolean => {
      written += bytes.byteLength
      const goesOn = channel.write(bytes)
      if (!goesOn) stalls.mind(sink)
      return goesOn
    },
    onDrained: (callback: () => void) => void channel.once("drain", callback),
    taken: () => written - unread(),
    unread,
    end: () => void writable.end(),
    cut: () => cut(outgoing),
  }
  return sink
}
