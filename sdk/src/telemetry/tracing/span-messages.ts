import { bytes, fixed64, Message, message, messages, number, text, type Written } from "../../protobuf/index.ts"
import { type Attributes, keyValue, keyValues, resource, scope } from "../otlp/attributes.ts"
import type { Span, SpanKind } from "./span.ts"

const event = new Message({
  time: fixed64(1),
  name: text(2),
  attributes: messages(3, () => keyValue),
})
const status = new Message({ message: text(2), code: number(3) })
/** `opentelemetry.proto.trace.v1.Span` */
const span = new Message({
  traceId: bytes(1),
  spanId: bytes(2),
  traceState: text(3),
  parentSpanId: bytes(4),
  name: text(5),
  kind: number(6),
  start: fixed64(7),
  end: fixed64(8),
  attributes: messages(9, () => keyValue),
  droppedAttributes: number(10),
  events: messages(11, () => event),
  droppedEvents: number(12),
  status: message(15, () => status),
})
const scopeSpans = new Message({ scope: message(1, () => scope), spans: messages(2, () => span) })
const resourceSpans = new Message({ resource: message(1, () => resource), scopes: messages(2, () => scopeSpans) })
/** `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest` */
export const exportTraces = new Message({ resources: messages(1, () => resourceSpans) })

const kinds: Record<SpanKind, number> = { internal: 1, server: 2, client: 3 }
const failed = 2

export function encodeSpans(spans: readonly Span[], about: Attributes, scopeName: string): Buffer {
  const scopes = [{ scope: { name: scopeName }, spans: spans.map(written) }]
  return exportTraces.encode({ resources: [{ resource: { attributes: keyValues(about) }, scopes }] })
}

function written(given: Span): Written<typeof span> {
  const { context, failure } = given
  return {
    traceId: Buffer.from(context.traceId, "hex"),
    spanId: Buffer.from(context.spanId, "hex"),
    traceState: context.state,
    parentSpanId: Buffer.from(given.parentId, "hex"),
    name: given.name,
    kind: kinds[given.kind],
    start: nanoseconds(given.startMs),
    end: nanoseconds(given.endMs),
    attributes: keyValues(Object.fromEntries(given.attributes)),
    droppedAttributes: given.droppedAttributes,
    events: given.events.map(({ name, atMs, attributes }) => ({
      name,
      time: nanoseconds(atMs),
      attributes: keyValues(Object.fromEntries(attributes)),
    })),
    droppedEvents: given.droppedEvents,
    status: failure === undefined ? undefined : { code: failed, message: failure },
  }
}

/** A number holds milliseconds since 1970 to a fraction of a microsecond; whole nanoseconds it would round. */
function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1_000_000))
}
