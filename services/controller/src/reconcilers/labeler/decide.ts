import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import { timestamp } from "../../conditions.ts"
import { annotations, labels, type RoutingState } from "../../labels.ts"

export interface Observed {
  readonly revision: Revision
  readonly configuration: Configuration | undefined
  /** Routes of the revision's namespace. */
  readonly routes: readonly Route[]
}

/**
 * Whether traffic can reach a revision: named in a route's spec or status it is active; the newest of its configuration
 * may be soon; any other is held in reserve and scales to zero. Undefined when its labels say so already.
 */
export function decide({ revision, configuration, routes }: Observed, nowMs: number): object | undefined {
  const { name } = revision.metadata
  const routed = routes.some(({ spec, status }) =>
    [...(spec.traffic ?? []), ...(status?.traffic ?? [])].some(({ revisionName }) => revisionName === name),
  )
  const newest = configuration?.status?.latestCreatedRevisionName === name || configuration?.status === undefined
  const state: RoutingState = routed ? "active" : newest ? "pending" : "reserve"
  if (revision.metadata.labels?.[labels.routingState] === state) return undefined
  return {
    metadata: {
      labels: { [labels.routingState]: state },
      annotations: { [annotations.routingStateModified]: timestamp(nowMs) },
    },
  }
}
