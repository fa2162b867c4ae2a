import type { NewOf } from "@wick/sdk/api"
import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { annotations, handedDown, labels } from "../../../labels.ts"
import { ownedBy } from "../../../owner.ts"
import { annotatedMs, timeAnnotations } from "../../../time-annotations.ts"
import { deploymentName } from "../names.ts"
import { initialReplicas } from "../scale.ts"
import { podSpec, servingContainer } from "./pod-spec.ts"

const revisionHistoryLimit = 0

export interface DeploymentInput {
  readonly revision: Revision
  readonly config: Config
  /** Image of each container by its name, as `repository@sha256:…` where it was resolved. */
  readonly images: Readonly<Record<string, string>>
}

/** The Deployment that runs a revision's containers, and nothing beside them. */
export function desiredDeployment({ revision, config, images }: DeploymentInput): NewOf<typeof Deployment> {
  const { metadata } = revision
  const uid = { [labels.revisionUid]: metadata.uid }
  // Whoever names their app is not overruled.
  const own = { [labels.app]: metadata.name, ...metadata.labels, [labels.revision]: metadata.name, ...uid }
  const { [labels.routingState]: _, ...podLabels } = own as Record<string, string>
  return {
    metadata: {
      name: deploymentName(metadata.name),
      namespace: metadata.namespace,
      labels: podLabels,
      annotations: kept(metadata.annotations),
      ownerReferences: [ownedBy(revision)],
    },
    spec: {
      replicas: initialReplicas(revision, config),
      revisionHistoryLimit,
      progressDeadlineSeconds: progressDeadline(revision, config),
      selector: { matchLabels: uid },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
      template: {
        metadata: { labels: podLabels, annotations: { ...kept(metadata.annotations), ...defaultContainer(revision) } },
        spec: podSpec(revision, config, images),
      },
    },
  } as NewOf<typeof Deployment>
}

function progressDeadline({ metadata }: Revision, { deployment }: Config): number {
  return (annotatedMs(metadata, timeAnnotations.progressDeadline) ?? deployment["progress-deadline"]) / 1_000
}

/** Which container `kubectl logs` and `kubectl exec` mean when they are not told. */
function defaultContainer({ spec }: Revision): Record<string, string> {
  const { name } = servingContainer(spec) ?? {}
  return name ? { [annotations.defaultContainer]: name } : {}
}

/** Annotations that say something of the revision as an object say nothing of its pods. */
function kept(all: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const dropped: string[] = [annotations.routingStateModified, annotations.routes]
  return Object.fromEntries(Object.entries(handedDown(all)).filter(([name]) => !dropped.includes(name)))
}
