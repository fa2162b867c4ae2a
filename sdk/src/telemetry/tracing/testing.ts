/** What a test's collector was told, as a flat list of spans. */
import type { OtlpSink } from "../otlp/testing.ts"
import { exportTraces } from "./span-messages.ts"

export interface ToldSpan {
  readonly service: string
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly state: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
  readonly failure: string | undefined
  readonly resource: Readonly<Record<string, unknown>>
}

export function spansOf({ received }: OtlpSink): ToldSpan[] {
  const traces = received.filter(({ signal }) => signal === "traces")
  return traces.flatMap(({ message }) => exportTraces.decode(message).resources.flatMap(toldBy))
}

type Resource = ReturnType<typeof exportTraces.decode>["resources"][number]

function toldBy({ resource, scopes }: Resource): ToldSpan[] {
  const about = record(resource?.attributes)
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
  return scopes.flatMap(({ spans }) =>
    spans.map((span) => ({
      service: String(about["service.name"]),
      name: span.name,
      kind: span.kind,
      traceId: hex(span.traceId),
      spanId: hex(span.spanId),
      parentId: hex(span.parentSpanId),
      state: span.traceState,
      startMs: Number(span.start) / 1e6,
      endMs: Number(span.end) / 1e6,
      attributes: record(span.attributes),
      events: span.events.map(({ name }) => name),
      failure: span.status?.code === 2 ? span.status.message : undefined,
      resource: about,
    })),
  )
}

function record(pairs: NonNullable<Resource["resource"]>["attributes"] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value?.text ?? value?.whole ?? value?.double ?? value?.bool]),
  )
}
