import type { Clock, Random } from "../../clock/index.ts"
import { type OtlpProtocol, type OtlpSignal, otlpEndpoint } from "./endpoint.ts"
import type { Attempt } from "./judgement.ts"
import { otlpManner } from "./manner.ts"

/** One attempt takes no longer. */
const attemptMsMax = 10_000
/** A message is tried for so long, then it is lost: what is newer would otherwise wait behind it. */
const patienceMs = 60_000
/** Between two attempts: doubled each time, and half of it left to chance so that senders do not march in step. */
const pauseMsFirst = 1000
const pauseMsMax = 30_000

/** How a message gets to the collector. */
export interface Way {
  attempt(body: Buffer, timeoutMs: number, nowMs: number): Promise<Attempt>
  close(): void
}

/** `taken`: the collector has it, but for `rejected` of its items. `lost`: it was given up. */
export type Outcome =
  | { readonly state: "taken"; readonly rejected: number; readonly why: string }
  | { readonly state: "lost"; readonly why: string }

export interface OtlpChannel extends Disposable {
  /** Never rejects. Closing the channel gives up what is on its way. */
  send(message: Buffer): Promise<Outcome>
}

export interface OtlpOptions {
  readonly signal: OtlpSignal
  readonly protocol: OtlpProtocol
  readonly endpoint: string
  readonly clock: Clock
  readonly random: Random
  /** In which `OTEL_EXPORTER_OTLP_…` may stand; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Opens nothing yet: the first message does. Throws where the endpoint is none, or the environment's words are. */
export async function openOtlp(options: OtlpOptions): Promise<OtlpChannel> {
  const { signal, protocol, endpoint, clock, random, env = process.env } = options
  const place = otlpEndpoint(endpoint, signal)
  const manner = otlpManner(env, signal)
  // Either is loaded by those who use it.
  const way =
    protocol === "grpc"
      ? (await import("./grpc-call.ts")).grpcWay(place, signal, manner)
      : (await import("./http-post.ts")).httpWay(place, manner)
  return channel(way, clock, random)
}

export function channel(way: Way, clock: Clock, random: Random): OtlpChannel {
  const closing = new AbortController()
  return {
    send: (message) => deliver(way, message, { clock, random, closed: closing.signal }),
    [Symbol.dispose]: () => {
      closing.abort()
      way.close()
    },
  }
}

async function deliver(
  way: Way,
  message: Buffer,
  { clock, random, closed }: { clock: Clock; random: Random; closed: AbortSignal },
): Promise<Outcome> {
  const untilMs = clock.monotonic() + patienceMs
  for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    const attempt = await way.attempt(message, attemptMsMax, clock.now())
    if (attempt.state === "taken") return attempt
    if (attempt.state === "refused" || closed.aborted) return { state: "lost", why: attempt.why }
    const waitMs = attempt.afterMs ?? pauseMs / 2 + random.below(pauseMs / 2)
    if (clock.monotonic() + waitMs > untilMs) return { state: "lost", why: `given up: ${attempt.why}` }
    try {
      await clock.sleep(waitMs, closed)
    } catch {
      return { state: "lost", why: `closed: ${attempt.why}` }
    }
  }
}
