import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2"
import { Latency } from "./latency.ts"
import type { Platform } from "./platform.ts"

export interface Answered {
  readonly status: number
  readonly bytes: number
}

/** One HTTP/2 connection to the API with a bearer token. */
export class ApiConnection {
  readonly #session: ClientHttp2Session
  readonly #token: string

  constructor({ api, authority }: Platform, token: string) {
    this.#session = connect(api, { ca: authority })
    this.#session.on("error", () => {})
    this.#token = token
  }

  /** The whole answer is read and counted, not kept. */
  ask(path: string, headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answered> {
    const stream = this.open(path, headers, body)
    return new Promise((resolve, reject) => {
      let status = 0
      let bytes = 0
      stream.once("response", (head) => {
        status = Number(head[":status"])
      })
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.byteLength
      })
      stream.once("end", () => resolve({ status, bytes }))
      stream.once("error", reject)
    })
  }

  /** An answer that nobody reads. */
  open(path: string, headers: OutgoingHttpHeaders = {}, body?: string): ClientHttp2Stream {
    const stream = this.#session.request({ ":path": path, authorization: `Bearer ${this.#token}`, ...headers })
    stream.end(body)
    return stream
  }

  close(): void {
    this.#session.destroy()
  }
}

export interface Paced {
  readonly latency: Latency
  readonly failed: number
}

/** Sends at a fixed rate until told to end, each measured from when it should have left; `send` says whether it went well. */
export async function paced(
  perSecond: number,
  until: AbortSignal,
  send: (index: number) => Promise<boolean>,
): Promise<Paced> {
  const latency = new Latency()
  const startedAt = performance.now()
  const pending = new Set<Promise<void>>()
  let failed = 0
  const one = async (index: number): Promise<void> => {
    const isWell = await send(index).catch(() => false)
    if (!isWell) failed += 1
    latency.record(performance.now() - startedAt - (index / perSecond) * 1_000)
  }
  for (let sent = 0; !until.aborted; ) {
    const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) + 1
    for (; sent < due; sent++) {
      const going: Promise<void> = one(sent).finally(() => pending.delete(going))
      pending.add(going)
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(pending)
  return { latency, failed }
}
