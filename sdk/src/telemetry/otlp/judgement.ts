import { Message, message, number, text } from "../../protobuf/index.ts"

/**
 * What became of one attempt.
 *
 * - `taken`: the collector has it; `rejected` of its items it did not want.
 * - `later`: it may take it when asked again, after `afterMs` if it said so.
 * - `refused`: asking again would change nothing.
 */
export type Attempt =
  | { readonly state: "taken"; readonly rejected: number; readonly why: string }
  | { readonly state: "later"; readonly afterMs: number | undefined; readonly why: string }
  | { readonly state: "refused"; readonly why: string }

/** Of all signals alike: `rejected_spans` and `rejected_data_points` have the same number. */
const partialSuccess = new Message({ rejected: number(1), message: text(2) })
export const exportResponse = new Message({ partial: message(1, () => partialSuccess) })
/** `google.rpc.Status`, the body of a refusal. */
const rpcStatus = new Message({ code: number(1), message: text(2) })

/** Statuses of HTTP after which the protocol lets a sender ask again. */
const retryable = new Set([429, 502, 503, 504])
/** Codes of gRPC after which it does: cancelled, deadline, exhausted, aborted, out of range, unavailable, data loss. */
const retryableCodes = new Set([1, 4, 8, 10, 11, 14, 15])
const whyMaxLength = 200

export function judgeHttp(status: number, retryAfter: string | undefined, body: Buffer): Attempt {
  if (status >= 200 && status < 300) return judgeAnswer(body)
  const why = `HTTP ${status}${told(body)}`
  if (!retryable.has(status)) return { state: "refused", why }
  const seconds = Number(retryAfter)
  return { state: "later", afterMs: retryAfter && Number.isFinite(seconds) ? seconds * 1000 : undefined, why }
}

export function judgeGrpc(code: number, details: string): Attempt {
  const why = `gRPC status ${code}: ${details.slice(0, whyMaxLength)}`
  return retryableCodes.has(code) ? { state: "later", afterMs: undefined, why } : { state: "refused", why }
}

/** A collector that does not say what it left out has taken all. */
export function judgeAnswer(body: Buffer): Attempt {
  try {
    const { partial } = exportResponse.decode(body)
    return { state: "taken", rejected: partial?.rejected ?? 0, why: partial?.message.slice(0, whyMaxLength) ?? "" }
  } catch {
    return { state: "taken", rejected: 0, why: "" }
  }
}

function told(body: Buffer): string {
  try {
    const { message } = rpcStatus.decode(body)
    if (message !== "") return `: ${message.slice(0, whyMaxLength)}`
  } catch {
    // Proxies before a collector answer in words of their own.
  }
  const words = body.subarray(0, whyMaxLength).toString("utf8").replace(/\s+/g, " ").trim()
  return words === "" ? "" : `: ${words}`
}
