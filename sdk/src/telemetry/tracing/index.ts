/**
 * Traces: which request or object caused what, and how long each part took. Contexts travel between processes in W3C's
 * headers, and between objects of the API as an annotation (docs/decisions/021).
 *
 * While nothing is traced there is no tracer, and this costs a look at a field; queue and exporter are loaded with the first.
 */
export { createTracing, type Tracing, type TracingSettings, type TracingWorld } from "./create-tracing.ts"
export { causeAnnotation, causeOf, freshCause } from "./object-cause.ts"
export type { Span, SpanKind, SpanOptions } from "./span.ts"
export { parseTraceparent, type TraceContext, traceparentOf } from "./trace-context.ts"
export type { Tracer } from "./tracer.ts"
