import type { ServerResponse } from "node:http"
import { systemClock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Behind, Stalls } from "#http2"
import type { Sink } from "../push-response.ts"

/** The body of one answer of HTTP/1.1 on its connection. */
interface Outlet extends Behind {
  cut(): void
}

export type OutletStalls = Stalls<Outlet>

export function outletStalls(stalledMsMax: number, log: Log): OutletStalls {
  return new Stalls(systemClock, stalledMsMax, (outlet) => {
    log.info(cutOff, { unread: outlet.unread })
    outlet.cut()
  })
}

/** What is told of clients that take nothing of what waits for them. */
export const cutOff = "a client that does not read its answer was cut off"

/** Less than this is in the buffers of a connection anyway. */
export const restBytesMin = 64 * 1024

/** An answer of HTTP/1.1 that was written in one go: what of it is not taken at once is looked after from then on. */
export function mindRest(outgoing: ServerResponse, stalls: OutletStalls): void {
  if (outgoing.writableLength <= restBytesMin) return
  stalls.mind(new ResponseOutlet(outgoing, outgoing.writableLength))
}

class ResponseOutlet implements Outlet {
  readonly #outgoing: ServerResponse
  written: number

  constructor(outgoing: ServerResponse, written: number) {
    this.#outgoing = outgoing
    this.written = written
  }

  /** What nobody will read any more is not waited for. */
  get unread(): number {
    return this.#outgoing.destroyed ? 0 : this.#outgoing.writableLength
  }

  /** Without its last chunk nobody takes an answer for whole. */
  cut(): void {
    this.#outgoing.destroy()
  }
}

/** Writes the head of an answer of HTTP/1.1, and gives what its body is written to. */
export function openOutlet({ status, headers }: Response, outgoing: ServerResponse, stalls: OutletStalls): Sink {
  outgoing.writeHead(status, Object.fromEntries(headers))
  // The client learns that it watches before there is anything to see.
  outgoing.flushHeaders()
  const outlet = new ResponseOutlet(outgoing, 0)
  return {
    write: (bytes: Uint8Array): boolean => {
      outlet.written += bytes.byteLength
      const goesOn = outgoing.write(bytes)
      if (!goesOn) stalls.mind(outlet)
      return goesOn
    },
    onDrained: (callback: () => void) => void outgoing.once("drain", callback),
    unread: () => outlet.unread,
    end: () => void outgoing.end(),
    cut: () => outlet.cut(),
  }
}
