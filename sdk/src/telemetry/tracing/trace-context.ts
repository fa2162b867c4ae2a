/** A place in a trace, as W3C's Trace Context hands it from one process to the next. */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string
  /** 16 of them. */
  readonly spanId: string
  readonly isSampled: boolean
  /** What vendors have added, handed on as it came. */
  readonly state: string
}

/** 00, trace, span, flags; later versions may add to the end. */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const zeros = /^0+$/
/** W3C §3.3.1.5: what is longer may be cut, here all of it. */
const stateLengthMax = 512

/** Undefined where there is none or it is not to be believed (§2.2: then a new trace begins). */
export function parseTraceparent(header: string | undefined, state = ""): TraceContext | undefined {
  const match = header === undefined ? null : form.exec(header.trim())
  if (match === null) return undefined
  const [, version, traceId = "", spanId = "", flags = "", rest] = match
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined
  if (zeros.test(traceId) || zeros.test(spanId)) return undefined
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, state: state.length > stateLengthMax ? "" : state }
}

export function traceparentOf({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`
}
