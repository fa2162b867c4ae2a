import { assert } from "@wick/sdk/assert"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { MemberId, Message } from "#raft"
import { NotSentError } from "#replication"
import { MalformedError } from "#store"
import { type Dialling, dial } from "./dial.ts"
import { type Frame, frameHeadSize, sealFrame } from "./frame.ts"
import type { Lane } from "./greeting.ts"
import { bulkQueueSizeMax, callSizeMax, callsMax, type PeerTimes, promptQueueSizeMax } from "./limits.ts"
import { Link } from "./link.ts"
import { encodeMessage } from "./message-codec.ts"
import type { PeerCounts } from "./peer-metrics.ts"
import { PendingCalls } from "./pending-calls.ts"

export interface PeerOptions {
  readonly id: MemberId
  readonly url: string
  readonly dialling: Dialling
  readonly clock: Clock
  readonly random: Random
  readonly times: PeerTimes
  readonly log: Log
  readonly counts: PeerCounts
}

/** Another member, as this one reaches it: a lane for what is prompt and one for what is large. */
export class Peer {
  readonly #options: PeerOptions
  readonly #prompt: Link
  readonly #bulk: Link
  readonly #calls: PendingCalls
  #isReached: boolean | undefined

  constructor(options: PeerOptions) {
    this.#options = options
    this.#calls = new PendingCalls(options.clock)
    this.#prompt = this.#link("prompt", promptQueueSizeMax)
    this.#bulk = this.#link("bulk", bulkQueueSizeMax)
  }

  get url(): string {
    return this.#options.url
  }

  send(message: Message): void {
    const { counts } = this.#options
    const frame = sealFrame(encodeMessage(message, frameHeadSize), "message")
    // Appends stay in one lane: an empty one that overtook its predecessors would be rejected for nothing.
    const link = message.type === "append" ? this.#bulk : this.#prompt
    if (link.send(frame)) counts.sent(frame.length)
    else counts.sendFailed()
  }

  async call(request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const { clock, id, counts } = this.#options
    if (request.length > callSizeMax) throw new NotSentError(`${request.length} bytes, ${callSizeMax} are allowed`)
    if (this.#calls.size >= callsMax) throw new NotSentError(`member ${id} is at work on ${callsMax} calls already`)
    const connection = this.#bulk.connection ?? (await withinMs(this.#bulk.opened(), timeoutMs, clock))
    if (connection.queued + request.length > bulkQueueSizeMax) {
      counts.sendFailed()
      throw new NotSentError(`${connection.queued} bytes wait to be sent to member ${id} already`)
    }
    counts.sent(request.length)
    return this.#calls.send(connection, request, timeoutMs)
  }

  close(): void {
    const { connection } = this.#bulk
    this.#prompt.close()
    this.#bulk.close()
    if (connection !== undefined) this.#calls.lost(connection, new Error("the connection was closed"))
  }

  #link(lane: Lane, queueSizeMax: number): Link {
    const { id, url, dialling, clock, random, times, counts } = this.#options
    return new Link({
      dial: (signal) => dial(url, id, lane, dialling, signal),
      queueSizeMax,
      clock,
      random,
      times,
      pingsMissedMax: lane === "prompt" ? times.pingsMissedMax : times.bulkPingsMissedMax,
      onFrame: (frame) => this.#received(frame),
      onOpen: (connection) => {
        if (lane === "prompt") this.#reached(true)
        connection.onLost((error) => this.#calls.lost(connection, error))
      },
      onLost: (error) => {
        if (lane !== "prompt") return
        this.#reached(false, error)
        // Behind what is large an answer may be late; here it is not, so the peer or the path is gone.
        this.#bulk.reopen(error)
      },
      onRoundTrip: (seconds) => counts.roundTrip(seconds),
    })
  }

  #received(frame: Frame): void {
    const { kind, payload } = frame
    const isAnswer = kind === "answer" || kind === "call-failed" || kind === "call-refused"
    if (!isAnswer) throw new MalformedError(`${kind} as an answer`)
    this.#options.counts.received(frameHeadSize + payload.length)
    this.#calls.answered(frame)
  }

  /** Told once for each change, not for each attempt. */
  #reached(is: boolean, error?: Error): void {
    const { log, counts, id, url } = this.#options
    if (is === this.#isReached) return
    if (is || this.#isReached !== undefined) counts.active(is)
    this.#isReached = is
    if (is) log.info("reached a peer", { member: id, url })
    else
      log.warn("a peer is not reached; it is tried again and again", { member: id, url, because: error?.message ?? "" })
  }
}

/** Rejects with NotSentError when it takes longer. */
async function withinMs<Value>(promise: Promise<Value>, ms: number, clock: Clock): Promise<Value> {
  assert(ms > 0, "a call has time")
  const late = Promise.withResolvers<never>()
  const timer = clock.timer(ms, () => late.reject(new NotSentError(`no connection came about within ${ms} ms`)))
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    timer.cancel()
  }
}
