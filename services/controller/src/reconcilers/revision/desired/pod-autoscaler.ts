import type { NewOf } from "@wick/sdk/api"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { classAnnotation } from "@wick/sdk/api/serving/scaling-annotation"
import { annotations, labels, type RoutingState } from "../../../labels.ts"
import { ownedBy } from "../../../owner.ts"
import { deploymentName, podAutoscalerName } from "../names.ts"
import { servingProtocol } from "./pod-spec.ts"

const reachability: Record<RoutingState, string> = { active: "Reachable", reserve: "Unreachable", pending: "" }

/**
 * What the autoscaler needs to know of a revision. Who scales it is settled when it is made: what operators set later
 * is for later revisions.
 */
export function desiredPodAutoscaler(
  revision: Revision,
  before: PodAutoscaler | undefined,
  config: Config,
): NewOf<typeof PodAutoscaler> {
  const { metadata, spec } = revision
  const state = (metadata.labels?.[labels.routingState] ?? "pending") as RoutingState
  return {
    metadata: {
      name: podAutoscalerName(metadata.name),
      namespace: metadata.namespace,
      labels: { ...metadata.labels, [labels.revision]: metadata.name, [labels.revisionUid]: metadata.uid },
      annotations: {
        [classAnnotation]: before?.metadata.annotations?.[classAnnotation] ?? config.autoscaler["pod-autoscaler-class"],
        ...autoscaling(metadata.annotations),
      },
      ownerReferences: [ownedBy(revision)],
    },
    spec: {
      containerConcurrency: spec.containerConcurrency ?? 0,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deploymentName(metadata.name) },
      reachability: reachability[state],
      protocolType: servingProtocol(spec),
    },
  } as NewOf<typeof PodAutoscaler>
}

function autoscaling(all: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const own = Object.entries(all ?? {}).filter(([name]) => name.startsWith(annotations.autoscalingPrefix))
  return Object.fromEntries(own)
}
