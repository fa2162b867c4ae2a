import type { Clock, Random, Timer } from "@wick/sdk/clock"
import { NotSentError } from "#replication"
import type { Connection, ConnectionLostError } from "./connection.ts"
import type { Frame } from "./frame.ts"
import { KeepAlive } from "./keep-alive.ts"
import type { PeerTimes } from "./limits.ts"

export interface LinkOptions {
  readonly dial: (signal: AbortSignal) => Promise<Connection>
  /** Bytes that may wait, beyond which frames are dropped. */
  readonly queueSizeMax: number
  readonly clock: Clock
  readonly random: Random
  readonly times: PeerTimes
  /** Pings without an answer after which the connection is given up. */
  readonly pingsMissedMax: number
  readonly onFrame: (frame: Frame) => void
  readonly onOpen: (connection: Connection) => void
  /** Not called for the end by `close`. */
  readonly onLost: (error: Error) => void
  readonly onRoundTrip: (seconds: number) => void
}

/**
 *     dialling ──▶ open ──▶ waiting ──▶ dialling …        `close` ends it from anywhere
 *         └──────────────────▲
 */
type State =
  | { readonly kind: "dialling"; readonly abort: AbortController; waiting: Buffer[]; waitingSize: number }
  | { readonly kind: "open"; readonly connection: Connection }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "closed" }

/** A lane to one peer that is opened again whenever it breaks, sooner at first and then once in `backoffMaxMs`. */
export class Link {
  readonly #options: LinkOptions
  #state: State
  #attempts = 0
  #opened: ((error: Error | undefined) => void)[] = []
  /** Why the latest attempt failed. */
  #failure: Error = new NotSentError("no attempt was made yet")

  constructor(options: LinkOptions) {
    this.#options = options
    this.#state = this.#dial()
  }

  get connection(): Connection | undefined {
    return this.#state.kind === "open" ? this.#state.connection : undefined
  }

  /** False: dropped. What is given while a connection is being made leaves with it, or is dropped with it. */
  send(frame: Buffer): boolean {
    const state = this.#state
    const { queueSizeMax } = this.#options
    if (state.kind === "open" && state.connection.queued + frame.length <= queueSizeMax) {
      state.connection.sendFrame(frame)
      return true
    }
    if (state.kind !== "dialling" || state.waitingSize + frame.length > queueSizeMax) return false
    state.waiting.push(frame)
    state.waitingSize += frame.length
    return true
  }

  /** The open connection, or the one that is being made; rejects with NotSentError when that fails. */
  async opened(): Promise<Connection> {
    if (this.#state.kind === "dialling") {
      const error = await new Promise<Error | undefined>((resolve) => this.#opened.push(resolve))
      if (error !== undefined) throw error
    }
    const { connection } = this
    if (connection === undefined) throw this.#failure
    return connection
  }

  /** Gives up the connection for a new one. */
  reopen(reason: Error): void {
    this.connection?.close(reason)
  }

  close(): void {
    const state = this.#state
    this.#state = { kind: "closed" }
    this.#failure = new NotSentError("this member is being closed, or the peer is one no more")
    if (state.kind === "dialling") state.abort.abort(this.#failure)
    if (state.kind === "waiting") state.timer.cancel()
    if (state.kind === "open") state.connection.close(this.#failure)
    this.#tellWaiting(this.#failure)
  }

  #dial(): State {
    const abort = new AbortController()
    const state: State = { kind: "dialling", abort, waiting: [], waitingSize: 0 }
    this.#options.dial(abort.signal).then(
      (connection) => (this.#state === state ? this.#open(connection, state.waiting) : connection.close(this.#failure)),
      (error: Error) => this.#state === state && this.#failed(error),
    )
    return state
  }

  #open(connection: Connection, waiting: readonly Buffer[]): void {
    const { clock, times, pingsMissedMax, onFrame, onOpen, onRoundTrip } = this.#options
    this.#state = { kind: "open", connection }
    connection.onLost((error) => this.#lost(connection, error))
    for (const frame of waiting) connection.sendFrame(frame)
    const alive = new KeepAlive(connection, clock, times.pingMs, pingsMissedMax, onRoundTrip)
    connection.handTo((frame) => {
      if (frame.kind !== "pong") return onFrame(frame)
      this.#attempts = 0
      alive.answered()
    })
    onOpen(connection)
    this.#tellWaiting(undefined)
  }

  #lost(connection: Connection, error: ConnectionLostError): void {
    if (this.connection !== connection) return
    this.#failed(error)
  }

  #failed(error: Error): void {
    this.#failure = error instanceof NotSentError ? error : new NotSentError(error.message)
    const timer = this.#options.clock.timer(this.#backoffMs(), () => {
      this.#state = this.#dial()
    })
    this.#state = { kind: "waiting", timer }
    this.#options.onLost(error)
    this.#tellWaiting(this.#failure)
  }

  /** Half of it is chance: members that lost each other at one moment do not come back at one. */
  #backoffMs(): number {
    const { times, random } = this.#options
    const fullMs = Math.min(times.backoffMinMs * 2 ** Math.min(this.#attempts++, 16), times.backoffMaxMs)
    return fullMs / 2 + random.below(Math.ceil(fullMs / 2))
  }

  #tellWaiting(error: Error | undefined): void {
    const waiting = this.#opened
    this.#opened = []
    for (const tell of waiting) tell(error)
  }
}
