import type { Span } from "./span.ts"

/** A span as one line of JSON, for who reads logs and has no collector. */
export function spanLine(span: Span, service: string): string {
  const { context, events, failure } = span
  const line = {
    service,
    name: span.name,
    kind: span.kind,
    traceId: context.traceId,
    spanId: context.spanId,
    parentSpanId: span.parentId,
    start: new Date(span.startMs).toISOString(),
    durationMs: Math.round((span.endMs - span.startMs) * 1000) / 1000,
    attributes: Object.fromEntries(span.attributes),
    ...(events.length > 0 && {
      events: events.map(({ name, attributes }) => ({ name, ...Object.fromEntries(attributes) })),
    }),
    ...(failure !== undefined && { failure }),
  }
  return `${JSON.stringify(line)}\n`
}
