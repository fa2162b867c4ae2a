import { parseTraceparent, type Span, type Tracing, traceparentOf } from "@wick/sdk/tracing"

/** The request for which a decision was made, where it is traced. */
export interface ScalingCause {
  readonly span: Span | undefined
  /** For whoever carries the decision out. */
  readonly traceparent: string
}

/**
 * What traced requests asked for pods, until the decision that follows: that is part of the first one's trace. Without a
 * tracer of our own their contexts are handed on all the same.
 */
export class ScalingCauses {
  readonly #waiting = new Map<string, ScalingCause>()
  #tracing: Pick<Tracing, "tracer"> | undefined

  traceWith(tracing: Pick<Tracing, "tracer">): void {
    this.#tracing = tracing
  }

  /** A pod of the revision was asked for, with the `traceparent` of the request that waits. */
  asked(key: string, header: string | undefined): void {
    if (header === undefined || this.#waiting.has(key)) return
    const parent = parseTraceparent(header)
    if (parent?.isSampled !== true) return
    const span = this.#tracing?.tracer?.within("kn.autoscaler.scale", parent)
    this.#waiting.set(key, { span, traceparent: traceparentOf(span?.context ?? parent) })
  }

  /** For the decision that is made now. One that changes nothing is none, and its span never ends. */
  take(key: string): ScalingCause | undefined {
    const cause = this.#waiting.get(key)
    if (cause) this.#waiting.delete(key)
    return cause
  }
}
