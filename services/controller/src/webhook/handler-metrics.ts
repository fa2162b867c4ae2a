import type { Clock } from "@wick/sdk/clock"
import type { Metrics } from "@wick/sdk/metrics"
import type { ReviewRequest } from "./admission-review.ts"

/** Does the work that answers a question, and says how long it took. */
export type Handling = (
  request: ReviewRequest,
  type: "defaulting" | "validation",
  work: () => object | Promise<object>,
) => Promise<object> | object

/** By Knative's names. Kinds and operations are those that webhooks are registered for, so labels are few. */
export function handlerMetrics(metrics: Metrics | undefined, clock: Clock): Handling {
  if (metrics === undefined) return (_request, _type, work) => work()
  const help = "How long it took to fill in or judge an object."
  const durations = metrics.histogram("kn.webhook.handler.duration", help, undefined, { unit: "s" })
  return async ({ kind, operation }, type, work) => {
    const begunMs = clock.monotonic()
    let isAllowed = false
    try {
      const answer = await work()
      isAllowed = (answer as { response?: { allowed?: boolean } }).response?.allowed === true
      return answer
    } finally {
      const labels = {
        "kn.webhook.type": type,
        "kn.webhook.resource.group": kind.group,
        "kn.webhook.resource.version": kind.version,
        "kn.webhook.resource.kind": kind.kind,
        "kn.webhook.subresource": "",
        "kn.webhook.operation.type": operation,
        "kn.webhook.operation.status": isAllowed ? "success" : "failed",
      }
      durations.with(labels).observe((clock.monotonic() - begunMs) / 1000)
    }
  }
}
