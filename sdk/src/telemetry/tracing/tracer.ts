import type { Clock, Random } from "../../clock/index.ts"
import { isSampled } from "./sampler.ts"
import { Span, type SpanOptions } from "./span.ts"
import type { TraceContext } from "./trace-context.ts"

const two32 = 2 ** 32
/** Beyond this the wall clock was set, and is not merely told in whole milliseconds. */
const clockSetMs = 2

/** Begins spans, and hands those that have ended on. */
export class Tracer {
  readonly #clock: Clock
  readonly #random: Random
  readonly #rate: number
  readonly #take: (span: Span) => void
  /** Between monotonic and wall time. The wall clock tells whole milliseconds, so the largest difference seen is the truest. */
  #offsetMs: number

  /** `rate`: share of those traces that begin here, see `isSampled`. */
  constructor(given: { clock: Clock; random: Random; rate: number; take: (span: Span) => void }) {
    this.#clock = given.clock
    this.#random = given.random
    this.#rate = given.rate
    this.#take = given.take
    this.#offsetMs = given.clock.now() - given.clock.monotonic()
  }

  /** Wall time in milliseconds with a fraction. */
  nowMs(): number {
    return this.#offsetMs + this.#clock.monotonic()
  }

  /** Whatever comes from outside: a span where it is to be kept, else only the context that is handed on. */
  enter(
    name: string,
    parent: TraceContext | undefined,
    options: SpanOptions = {},
  ): { readonly span: Span | undefined; readonly context: TraceContext } {
    const traceId = parent?.traceId ?? this.#id(4)
    if (!isSampled(traceId, parent, this.#rate)) {
      const spanId = parent?.spanId ?? this.#id(2)
      return { span: undefined, context: { traceId, spanId, isSampled: false, state: parent?.state ?? "" } }
    }
    this.#setOffset()
    const span = this.#begin(name, traceId, parent?.spanId ?? "", parent?.state ?? "", options)
    return { span, context: span.context }
  }

  /** Part of what is kept; undefined where its cause is not. */
  within(name: string, parent: TraceContext | undefined, options: SpanOptions = {}): Span | undefined {
    if (parent?.isSampled !== true) return undefined
    return this.#begin(name, parent.traceId, parent.spanId, parent.state, options)
  }

  readonly #keeper = {
    nowMs: (): number => this.nowMs(),
    ended: (span: Span): void => this.#take(span),
  }

  #begin(name: string, traceId: string, parentId: string, state: string, options: SpanOptions): Span {
    const context = { traceId, spanId: this.#id(2), isSampled: true, state }
    return new Span({ name, context, parentId, keeper: this.#keeper, options })
  }

  /** So many times eight hexadecimal digits, never all 0. */
  #id(words: number): string {
    let text = ""
    for (let word = 0; word < words; word++) text += this.#random.below(two32).toString(16).padStart(8, "0")
    return /[^0]/.test(text) ? text : this.#id(words)
  }

  #setOffset(): void {
    const seenMs = this.#clock.now() - this.#clock.monotonic()
    if (seenMs > this.#offsetMs || seenMs < this.#offsetMs - clockSetMs) this.#offsetMs = seenMs
  }
}
