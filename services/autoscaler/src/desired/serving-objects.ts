import type { Metric } from "@wick/sdk/api/autoscaling-internal/metric"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { NewOf } from "@wick/sdk/api/kind"
import type { OwnerReference } from "@wick/sdk/api/meta/object-meta"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import type { Backing } from "../revision-scaler.ts"
import type { ScalingSpec } from "../settings.ts"

export type Windows = Pick<ScalingSpec, "stableWindowMs" | "panicWindowMs">

/** Of all that scaling goes by, which is a screenful for each revision. */
export function windowsOf({ stableWindowMs, panicWindowMs }: ScalingSpec): Windows {
  return { stableWindowMs, panicWindowMs }
}

const nanosPerMs = 1e6

function metadataOf(scaled: PodAutoscaler) {
  const { name, namespace, labels } = scaled.metadata
  return { name, namespace, ...(labels && { labels }), ownerReferences: [ownerOf(scaled)] }
}

export function ownerOf({ apiVersion, kind, metadata: { name, uid } }: PodAutoscaler): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Who should answer at the Service of what is scaled. */
export function desiredService(scaled: PodAutoscaler, { mode, activators }: Backing): NewOf<typeof ServerlessService> {
  const { scaleTargetRef, protocolType } = scaled.spec
  return {
    metadata: metadataOf(scaled),
    spec: { mode, objectRef: scaleTargetRef, protocolType, numActivators: activators },
  } as NewOf<typeof ServerlessService>
}

/** Over which windows the load of what is scaled is looked at, for those who want to know. */
export function desiredMetric(
  scaled: PodAutoscaler,
  { stableWindowMs, panicWindowMs }: Windows,
  scrapeTarget: string,
): NewOf<typeof Metric> {
  const stableWindow = stableWindowMs * nanosPerMs
  return {
    metadata: metadataOf(scaled),
    spec: { stableWindow, panicWindow: panicWindowMs * nanosPerMs, scrapeTarget },
  } as NewOf<typeof Metric>
}
