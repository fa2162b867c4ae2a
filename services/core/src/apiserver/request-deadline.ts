import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Clock } from "@wick/sdk/clock"
import type { RequestInfo } from "./request-info.ts"

/** The longest that a request may take unless it lasts by its nature; the client's `timeout` may ask for less. */
export const requestMsMax = 60_000

/** What lasts as long as somebody listens. */
const lasting = new Set(["log", "exec", "attach", "portforward", "proxy"])

/** How long a request may take; undefined for one that lasts. A BadRequest when its `timeout` is no duration. */
export function deadlineOf(info: RequestInfo, url: URL): number | undefined {
  if (info.kind === "resource" && (info.verb === "watch" || lasting.has(info.subresource))) return undefined
  const asked = url.searchParams.get("timeout")
  return asked ? Math.min(requestMsMax, durationMs(asked)) : requestMsMax
}

const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const duration = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/

/** `1m30s`, `0.5s`. Nought is no limit of the client's own. */
function durationMs(text: string): number {
  if (text !== "0" && !duration.test(text)) {
    throw new StatusError(
      "BadRequest",
      `invalid timeout specified in the request URL - time: invalid duration "${text}"`,
    )
  }
  const parts = text.matchAll(/(\d+(?:\.\d+)?)([a-zµ]+)/g)
  const sum = [...parts].reduce((ms, [, amount, unit = ""]) => ms + Number(amount) * (unitMs[unit] ?? 0), 0)
  return sum === 0 ? requestMsMax : sum
}

/** Gives up waiting after `ms`. What was begun may still come to its end, as with any answer that is lost on its way. */
export function within<Value>(work: Promise<Value>, ms: number | undefined, clock: Clock): Promise<Value> {
  if (ms === undefined) return work
  return new Promise((resolve, reject) => {
    const timer = clock.timer(ms, () =>
      reject(
        new StatusError(
          "Timeout",
          "Timeout: request did not complete within requested timeout - context deadline exceeded",
        ),
      ),
    )
    work.then(
      (value) => {
        timer.cancel()
        resolve(value)
      },
      (error: unknown) => {
        timer.cancel()
        reject(error)
      },
    )
  })
}
