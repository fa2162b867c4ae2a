import type { Clock, Timer } from "../../clock/index.ts"
import type { Span } from "./span.ts"

/** Spans that wait to be sent. More are dropped: what is traced must not be slowed by who looks at it. */
const waitingMax = 2048
/** So many go in one message, */
const batchMax = 512
/** and so long the first of them waits for others. */
const gatherMs = 1000

/** How many spans were brought where they belong, and why others were not. */
export interface SpanCounts {
  exported(spans: number): void
  dropped(spans: number, reason: "queue full" | "not taken" | "rejected"): void
}

/** Sends a batch; tells what became of it. Never rejects. */
export type SendSpans = (
  spans: readonly Span[],
) => Promise<
  | { readonly state: "taken"; readonly rejected: number; readonly why: string }
  | { readonly state: "lost"; readonly why: string }
>

/** Ended spans on their way out, a batch at a time. Nothing runs while there are none. */
export class SpanQueue implements AsyncDisposable {
  readonly #clock: Clock
  readonly #send: SendSpans
  readonly #counts: SpanCounts
  readonly #waiting: Span[] = []
  #timer: Timer | undefined
  #sending: Promise<void> | undefined
  #closed = false

  constructor(given: { clock: Clock; send: SendSpans; counts: SpanCounts }) {
    this.#clock = given.clock
    this.#send = given.send
    this.#counts = given.counts
  }

  add(span: Span): void {
    if (this.#closed || this.#waiting.length >= waitingMax) {
      this.#counts.dropped(1, "queue full")
      return
    }
    this.#waiting.push(span)
    if (this.#sending) return
    if (this.#waiting.length >= batchMax) void this.flush()
    else this.#timer ??= this.#clock.timer(gatherMs, () => void this.flush())
  }

  /** Resolves when what waits now has been sent or given up. */
  flush(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.flush()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax)
      const outcome = await this.#send(batch)
      if (outcome.state === "lost") this.#counts.dropped(batch.length, "not taken")
      else {
        if (outcome.rejected > 0) this.#counts.dropped(outcome.rejected, "rejected")
        this.#counts.exported(batch.length - outcome.rejected)
      }
    }
  }
}
