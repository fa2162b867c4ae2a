import type { Attributes } from "../otlp/attributes.ts"
import type { TracingSettings, TracingWorld } from "./create-tracing.ts"
import { SpanQueue } from "./span-queue.ts"
import { Tracer } from "./tracer.ts"

/** A tracer and what takes its spans away. */
export interface Export extends AsyncDisposable {
  readonly tracer: Tracer
  flush(): Promise<void>
}

/** How long the end waits for the last spans: a collector that is away holds up nobody. */
const farewellMs = 3000

/** Throws where the endpoint is none. */
export async function startExport(settings: TracingSettings, world: TracingWorld): Promise<Export> {
  const { clock, random } = world
  const ways = new DisposableStack()
  const queue = new SpanQueue({ clock, send: await sender(settings, world, ways), counts: counts(world) })
  const tracer = new Tracer({ clock, random, rate: settings.samplingRate, take: (span) => queue.add(span) })
  return {
    tracer,
    flush: () => queue.flush(),
    [Symbol.asyncDispose]: async () => {
      const patience = new Promise<void>((resolve) => clock.timer(farewellMs, resolve))
      await Promise.race([queue[Symbol.asyncDispose](), patience])
      ways.dispose()
    },
  }
}

async function sender(
  { protocol, endpoint }: TracingSettings,
  { clock, random, log, service, about, write }: TracingWorld,
  ways: DisposableStack,
): Promise<ConstructorParameters<typeof SpanQueue>[0]["send"]> {
  if (protocol === "none" || protocol === "stdout") {
    const { spanLine } = await import("./span-line.ts")
    return async (spans) => {
      for (const span of spans) write(spanLine(span, service))
      return { state: "taken", rejected: 0, why: "" }
    }
  }
  const [{ openOtlp }, { encodeSpans }] = await Promise.all([import("../otlp/index.ts"), import("./span-messages.ts")])
  const channel = ways.use(await openOtlp({ signal: "traces", protocol, endpoint, clock, random }))
  const resource: Attributes = { "service.name": service, ...about }
  let saidSo = false
  return async (spans) => {
    const outcome = await channel.send(encodeSpans(spans, resource, `wick/${service}`))
    // One line per trouble.
    if (outcome.why !== "" && !saidSo) log.warn("spans are not taken", { endpoint, why: outcome.why })
    saidSo = outcome.why !== ""
    return outcome
  }
}

function counts({ metrics, service }: TracingWorld): ConstructorParameters<typeof SpanQueue>[0]["counts"] {
  const exported = metrics?.counter("wick_spans_exported_total", "Spans that a collector took.").with({ service })
  const dropped = metrics?.counter("wick_spans_dropped_total", "Spans that came to no collector.")
  return {
    exported: (spans) => exported?.add(spans),
    dropped: (spans, reason) => dropped?.with({ service, reason }).add(spans),
  }
}
