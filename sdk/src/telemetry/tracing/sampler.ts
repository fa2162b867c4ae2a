import type { TraceContext } from "./trace-context.ts"

const two53 = 2 ** 53

/**
 * Whether a trace is kept, as Knative decides it: all of them at rate 1, none at 0, whoever asks; between the two what
 * came with a decision keeps it, and of the others a share is taken by their number, the same at every place of the same rate.
 */
export function isSampled(traceId: string, parent: TraceContext | undefined, rate: number): boolean {
  if (rate >= 1) return true
  if (rate <= 0) return false
  if (parent !== undefined) return parent.isSampled
  // The upper 53 bits of the last eight bytes: what OpenTelemetry's ratio looks at, as far as a number goes.
  return Number(BigInt(`0x${traceId.slice(16)}`) >> 11n) < rate * two53
}
