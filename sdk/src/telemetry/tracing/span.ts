import type { AttributeValue } from "../otlp/attributes.ts"
import type { TraceContext } from "./trace-context.ts"

export type SpanKind = "internal" | "server" | "client"

export interface SpanOptions {
  readonly kind?: SpanKind
  /** Now unless given. Milliseconds of the tracer's clock, `tracer.nowMs()`. */
  readonly startMs?: number
  readonly attributes?: Readonly<Record<string, AttributeValue>>
}

export interface SpanEvent {
  readonly name: string
  readonly atMs: number
  readonly attributes: ReadonlyMap<string, AttributeValue>
}

/** What does not fit is counted, and told with the span. */
const attributesMax = 64
const eventsMax = 32
const textLengthMax = 1024

interface Keeper {
  nowMs(): number
  ended(span: Span): void
}

/** One part of a trace. Ends once; what is said of it after that is not heard. */
export class Span {
  readonly name: string
  readonly kind: SpanKind
  readonly context: TraceContext
  readonly parentId: string
  readonly startMs: number
  endMs = 0
  readonly attributes = new Map<string, AttributeValue>()
  readonly events: SpanEvent[] = []
  /** Why it failed, if it has. */
  failure: string | undefined
  droppedAttributes = 0
  droppedEvents = 0
  readonly #keeper: Keeper

  constructor(given: { name: string; context: TraceContext; parentId: string; keeper: Keeper; options: SpanOptions }) {
    const { name, context, parentId, keeper, options } = given
    this.name = name
    this.context = context
    this.parentId = parentId
    this.kind = options.kind ?? "internal"
    this.startMs = options.startMs ?? keeper.nowMs()
    this.#keeper = keeper
    if (options.attributes) this.set(options.attributes)
  }

  set(attributes: Readonly<Record<string, AttributeValue | undefined>>): void {
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined) continue
      if (this.attributes.size >= attributesMax && !this.attributes.has(key)) this.droppedAttributes++
      else this.attributes.set(key, bounded(value))
    }
  }

  event(name: string, attributes: Readonly<Record<string, AttributeValue>> = {}): void {
    if (this.events.length >= eventsMax) {
      this.droppedEvents++
      return
    }
    const kept = Object.entries(attributes).slice(0, attributesMax)
    this.events.push({
      name,
      atMs: this.#keeper.nowMs(),
      attributes: new Map(kept.map(([key, value]) => [key, bounded(value)])),
    })
  }

  fail(why: string): void {
    this.failure = bounded(why) as string
  }

  end(): void {
    if (this.endMs !== 0) return
    this.endMs = Math.max(this.startMs, this.#keeper.nowMs())
    this.#keeper.ended(this)
  }
}

function bounded(value: AttributeValue): AttributeValue {
  return typeof value === "string" && value.length > textLengthMax ? value.slice(0, textLengthMax) : value
}
