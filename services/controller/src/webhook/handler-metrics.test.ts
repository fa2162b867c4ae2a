import { systemClock } from "@wick/sdk/clock"
import { createMetrics, prometheusName } from "@wick/sdk/metrics"
import { documentedMetrics } from "@wick/sdk/metrics/testing"
import { expect, it } from "vitest"
import type { ReviewRequest } from "./admission-review.ts"
import { handlerMetrics } from "./handler-metrics.ts"

const request = {
  operation: "CREATE",
  kind: { group: "serving.knative.dev", version: "v1", kind: "Service" },
} as ReviewRequest

it("is described in the documentation", () => {
  const metrics = createMetrics({ process: false })
  handlerMetrics(metrics, systemClock)
  expect(metrics.all().map(prometheusName)).toEqual(documentedMetrics("Webhooks"))
})

it("says how long questions took, by what they were about and how they ended", async () => {
  const metrics = createMetrics({ process: false })
  const handling = handlerMetrics(metrics, systemClock)
  await handling(request, "defaulting", () => ({ response: { allowed: true } }))
  await handling(request, "validation", () => ({ response: { allowed: false } }))
  await expect(
    handling(request, "validation", () => {
      throw new Error("a bug")
    }),
  ).rejects.toThrow("a bug")
  const text = await metrics.text()
  const of = (type: string, status: string): string =>
    `kn_webhook_handler_duration_seconds_count{kn_webhook_type="${type}",kn_webhook_resource_group="serving.knative.dev",` +
    'kn_webhook_resource_version="v1",kn_webhook_resource_kind="Service",kn_webhook_subresource="",' +
    `kn_webhook_operation_type="CREATE",kn_webhook_operation_status="${status}"}`
  expect(text).toContain(`${of("defaulting", "success")} 1`)
  expect(text).toContain(`${of("validation", "failed")} 2`)
})
