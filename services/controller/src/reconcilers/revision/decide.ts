import type { NewOf } from "@wick/sdk/api"
import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { Image } from "@wick/sdk/api/caching-internal/image"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import {
  type Condition,
  currentCondition,
  isFalse,
  isTrue,
  isUnknown,
  type Mark,
  nextConditions,
} from "../../conditions.ts"
import { isOwnedBy } from "../../owner.ts"
import { desiredDeployment } from "./desired/deployment.ts"
import { desiredImages } from "./desired/images.ts"
import { desiredPodAutoscaler } from "./desired/pod-autoscaler.ts"
import type { Resolution } from "./digest.ts"
import { initialReplicas } from "./scale.ts"
import { troubleOf, type Warning } from "./trouble.ts"

export interface Observed {
  readonly revision: Revision
  readonly deployment: Deployment | undefined
  readonly podAutoscaler: PodAutoscaler | undefined
  readonly pods: readonly Pod[]
  /** What the registry said of the revision's images. */
  readonly resolution: Resolution
  /** What one of its pods was last warned of, where that is not ready in a while. */
  readonly warning: Warning | undefined
  /** What the API said when the deployment was to be made or changed, if that was no. */
  readonly refusal?: string
  readonly config: Config
}

export interface Decision {
  readonly deployment: NewOf<typeof Deployment> | undefined
  readonly podAutoscaler: NewOf<typeof PodAutoscaler> | undefined
  readonly images: readonly NewOf<typeof Image>[]
  readonly status: NonNullable<Revision["status"]>
}

/** Stands for a revision's UID in the address of its logs. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is not a template of ours
const uidMark = "${REVISION_UID}"

interface Health {
  readonly resources: Mark
  readonly container: Mark
}

/**
 * A revision is Ready when its images are known and its first pods were ready once; what it is scaled to later changes
 * only Active. A revision that was Ready stays so while it is scaled to zero and back.
 *
 *     ResourcesAvailable  the cluster gave what it takes to run it
 *     ContainerHealthy    its containers start and stay up
 *     Active              (a note) requests find it running
 */
export function decide(observed: Observed, nowMs: number): Decision {
  const { revision, deployment, podAutoscaler, resolution, config } = observed
  const resolved = resolution.kind === "resolved"
  const { resources, container } = healthOf(observed)
  return {
    deployment: resolved ? desiredDeployment({ revision, config, images: resolution.images }) : undefined,
    podAutoscaler: resolved ? desiredPodAutoscaler(revision, podAutoscaler, config) : undefined,
    images: resolved ? desiredImages(revision, resolution.images) : [],
    status: {
      ...revision.status,
      observedGeneration: revision.metadata.generation,
      actualReplicas: podAutoscaler?.status?.actualScale ?? deployment?.status?.readyReplicas ?? 0,
      desiredReplicas: Math.max(0, podAutoscaler?.status?.desiredScale ?? 0),
      logUrl: config.observability["logging.revision-url-template"]?.replaceAll(uidMark, revision.metadata.uid ?? ""),
      ...(resolved && imageStatuses(revision, resolution.images)),
      conditions: nextConditions({
        before: revision.status?.conditions,
        dependents: { ResourcesAvailable: resources, ContainerHealthy: container },
        notes: { Active: activity(podAutoscaler) },
        nowMs,
      }),
    } as NonNullable<Revision["status"]>,
  }
}

function imageStatuses({ spec }: Revision, images: Readonly<Record<string, string>>): object {
  const digest = ({ name }: { name: string }): object => ({ name, imageDigest: images[name] })
  return {
    containerStatuses: spec.containers.map(digest),
    ...(spec.initContainers?.length && { initContainerStatuses: spec.initContainers.map(digest) }),
  }
}

function healthOf(observed: Observed): Health {
  const { revision, deployment, podAutoscaler, resolution } = observed
  if (resolution.kind === "resolving") return both(isUnknown("ResolvingDigests", ""))
  if (resolution.kind === "failed") {
    return { resources: isUnknown("Deploying", ""), container: isFalse("ContainerMissing", resolution.message) }
  }
  if (observed.refusal !== undefined) {
    return { resources: isFalse("FailedCreate", observed.refusal), container: isUnknown("Deploying", "") }
  }
  const foreign = [deployment, podAutoscaler].find((child) => child && !isOwnedBy(child, revision))
  if (foreign) {
    const text = `There is an existing ${foreign.kind} "${foreign.metadata.name}" that we do not own.`
    return { resources: isFalse("NotOwned", text), container: isUnknown("Deploying", "") }
  }
  if (!deployment) return both(isUnknown("Deploying", ""))
  const healthy = wasReady(revision) ? !isCrashing(observed) : hasStarted(observed)
  return healthy ? both(isTrue) : troubled(observed, deployment)
}

function both(mark: Mark): Health {
  return { resources: mark, container: mark }
}

function wasReady(revision: Revision): boolean {
  return currentCondition(revision as Conditioned, "Ready")?.status === "True"
}

type Conditioned = Parameters<typeof currentCondition>[0]

/** Its first pods are ready, all that were asked for. */
function hasStarted({ revision, config, deployment, pods }: Observed): boolean {
  const ready = Math.max(deployment?.status?.readyReplicas ?? 0, pods.filter(isReady).length)
  return ready >= initialReplicas(revision, config)
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true
}

/** It was ready once, but now every pod that there is fails again and again: callers should hear of it at once. */
function isCrashing({ pods }: Observed): boolean {
  const failing = ({ status }: Pod): boolean =>
    status?.containerStatuses?.some(({ state }) => state?.waiting?.reason === "CrashLoopBackOff") === true
  return pods.length > 0 && pods.every(failing)
}

function troubled({ pods, warning, podAutoscaler, config }: Observed, deployment: Deployment): Health {
  const patient = config.deployment["pod-is-always-schedulable"]
  const trouble = troubleOf({ deployment, podAutoscaler, pods, warning, patient })
  const waiting = isUnknown("Deploying", "")
  // A container that has run, whatever became of it, was given what it takes to run.
  return {
    resources: trouble?.resources ?? (trouble?.container ? isTrue : waiting),
    container: trouble?.container ?? waiting,
  }
}

function activity(podAutoscaler: PodAutoscaler | undefined): Mark {
  const conditions = podAutoscaler?.status?.conditions as readonly Condition[] | undefined
  const active = conditions?.find(({ type }) => type === "Active")
  if (active?.status === "True") return isTrue
  if (!active) return isUnknown("Deploying", "")
  return { status: active.status as "False" | "Unknown", reason: active.reason ?? "", message: active.message ?? "" }
}
