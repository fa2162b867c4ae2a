import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { NewOf } from "@wick/sdk/api/kind"
import type { Config } from "@wick/sdk/api/serving/config"
import { scalingAnnotation } from "@wick/sdk/api/serving/scaling-annotation"
import { scalingSpec } from "../settings.ts"
import { ownerOf } from "./serving-objects.ts"

/** What there is when nobody sets a limit. */
const replicasMax = 2 ** 31 - 1

type Spec = NewOf<typeof HorizontalPodAutoscaler>["spec"]
type Metrics = NonNullable<Spec["metrics"]>

/** By what the pods are counted where nobody says: the processor. */
export function metricOf(scaled: PodAutoscaler): string {
  return scalingAnnotation(scaled.metadata.annotations, "metric") ?? "cpu"
}

/** Kubernetes' autoscaler for the pods of a revision. It never takes the last one. */
export function desiredAutoscaler(
  scaled: PodAutoscaler,
  config: Config["autoscaler"],
): NewOf<typeof HorizontalPodAutoscaler> & { readonly spec: Spec } {
  const { metadata, spec } = scaled
  const { minScale, maxScale, reachable } = scalingSpec(scaled, config)
  const { apiVersion, kind = "", name = "" } = spec.scaleTargetRef
  const behavior = behaviorOf(scaled, config)
  return {
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      ...(metadata.labels && { labels: metadata.labels }),
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ownerReferences: [ownerOf(scaled)],
    },
    spec: {
      scaleTargetRef: { ...(apiVersion !== undefined && { apiVersion }), kind, name },
      minReplicas: Math.max(1, reachable ? minScale : 0),
      maxReplicas: maxScale > 0 ? maxScale : replicasMax,
      ...metricsOf(scaled),
      ...(behavior && { behavior }),
    } as Spec,
  } as NewOf<typeof HorizontalPodAutoscaler> & { readonly spec: Spec }
}

/** Without a target of its own Kubernetes' holds: 80 percent of the processor. */
function metricsOf(scaled: PodAutoscaler): { metrics: Metrics } | undefined {
  const text = scalingAnnotation(scaled.metadata.annotations, "target")
  const target = Math.ceil(Number(text))
  if (text === undefined || !Number.isFinite(target)) return undefined
  const name = metricOf(scaled)
  if (name === "cpu") {
    return {
      metrics: [{ type: "Resource", resource: { name, target: { type: "Utilization", averageUtilization: target } } }],
    }
  }
  if (name === "memory") {
    const averageValue = `${target}Mi`
    return { metrics: [{ type: "Resource", resource: { name, target: { type: "AverageValue", averageValue } } }] }
  }
  return {
    metrics: [
      { type: "Pods", pods: { metric: { name }, target: { type: "AverageValue", averageValue: String(target) } } },
    ],
  }
}

function behaviorOf(scaled: PodAutoscaler, config: Config["autoscaler"]): Spec["behavior"] {
  if (scalingAnnotation(scaled.metadata.annotations, "window") === undefined) return undefined
  const stabilizationWindowSeconds = Math.floor(scalingSpec(scaled, config).stableWindowMs / 1000)
  return { scaleUp: { stabilizationWindowSeconds }, scaleDown: { stabilizationWindowSeconds } }
}
