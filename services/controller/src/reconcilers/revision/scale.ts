import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { scalingAnnotation } from "@wick/sdk/api/serving/scaling-annotation"

/** Pods that a revision starts with: its own initial scale or the operator's, and never fewer than its minimum. */
export function initialReplicas(revision: Revision, config: Config): number {
  const own = annotation(revision, "initial-scale")
  const initial = own ?? config.autoscaler["initial-scale"]
  return Math.max(initial, annotation(revision, "min-scale") ?? config.autoscaler["min-scale"])
}

function annotation(revision: Revision, name: string): number | undefined {
  const value = scalingAnnotation(revision.metadata.annotations, name)
  return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value)
}
