import { createHash } from "node:crypto"
import type { NewOf } from "@wick/sdk/api"
import { Deployment } from "@wick/sdk/api/apps/deployment"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Event } from "@wick/sdk/api/core/event"
import { Pod } from "@wick/sdk/api/core/pod"
import { Revision } from "@wick/sdk/api/serving/revision"
import { revisionKeys, revisionLabel } from "@wick/sdk/api/serving/revision-key"
import {
  type Controller,
  createController,
  done,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"
import { annotations } from "../../labels.ts"
import { controllerKey, isOwnedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import { type Context, createChild, writeStatus } from "../context.ts"
import { decide } from "./decide.ts"
import { deploymentName, podAutoscalerName } from "./names.ts"
import { createDigestResolver, type DigestResolver } from "./resolver.ts"

const concurrency = 8
/** A container that runs this long without being ready is asked after: its events tell what its probe met. */
const askAfterMs = 1_500

export interface RevisionController extends Controller {}

interface Caches {
  readonly revisions: Informer<typeof Revision>
  readonly deployments: Informer<typeof Deployment>
  readonly podAutoscalers: Informer<typeof PodAutoscaler>
  readonly pods: Informer<typeof Pod>
}

export function startRevisionController(context: Context): RevisionController {
  const { client, informers, config, registries, clock, log } = context
  const caches: Caches = {
    revisions: informers(Revision),
    deployments: informers(Deployment, { labelSelector: revisionLabel }),
    podAutoscalers: informers(PodAutoscaler),
    pods: informers(Pod, { labelSelector: revisionLabel, indexes: { revision: revisionKeys } }),
  }
  const owner = (object: Deployment | PodAutoscaler): string[] => {
    const key = controllerKey(object, "Revision")
    return key ? [key] : []
  }
  const wake = (key: string, afterMs?: number): void => controller.wake(key, afterMs)
  const resolver = createDigestResolver({ client, clock, registries, wake })
  const controller = createController({
    name: "revision",
    clock,
    log,
    concurrency,
    watches: [
      watchOf(caches.revisions, (change) => [keyOf(subject(change))]),
      watchOf(caches.deployments, (change) => owner(subject(change))),
      watchOf(caches.podAutoscalers, (change) => owner(subject(change))),
      watchOf(caches.pods, (change) => revisionKeys(subject(change))),
      {
        synced: config.synced,
        subscribe: (wake) => config.onChange(() => caches.revisions.list().map(keyOf).forEach(wake)),
      },
    ],
    reconcile: (key) => reconcile(context, caches, resolver, key),
  })
  const dispose = async (): Promise<void> => {
    await resolver[Symbol.asyncDispose]()
    await controller[Symbol.asyncDispose]()
  }
  return {
    wake: (key, afterMs) => controller.wake(key, afterMs),
    idle: () => controller.idle(),
    [Symbol.asyncDispose]: dispose,
  }
}

async function reconcile(context: Context, caches: Caches, resolver: DigestResolver, key: string): Promise<Result> {
  const { namespace, name } = splitKey(key)
  const revision = caches.revisions.get(name, namespace)
  if (!revision || revision.metadata.deletionTimestamp) {
    resolver.forget(key)
    return done
  }
  const config = context.config.current()
  const deployment = caches.deployments.get(deploymentName(name), namespace)
  const podAutoscaler = caches.podAutoscalers.get(podAutoscalerName(name), namespace)
  const pods = caches.pods.byIndex("revision", key).filter(({ metadata }) => !metadata.deletionTimestamp)
  const unready =
    currentCondition(revision, "Ready")?.status === "True" ? undefined : unreadyPod(pods, context.clock.now())
  const probeFailure = unready?.kind === "late" ? await lastProbeFailure(context, unready.pod) : undefined
  const resolution = resolver.resolutionOf(revision, config)
  const decision = decide(
    { revision, deployment, podAutoscaler, pods, resolution, probeFailure, config },
    context.clock.now(),
  )
  await Promise.all([
    decision.deployment && applyDeployment(context, revision, deployment, decision.deployment),
    decision.podAutoscaler && applyPodAutoscaler(context, podAutoscaler, decision.podAutoscaler),
  ])
  await writeStatus(context, Revision, revision, decision.status)
  return unready ? wakeAfter(askAfterMs) : done
}

/** A pod whose container runs without being ready: young ones may still be starting, late ones are asked after. */
function unreadyPod(pods: readonly Pod[], nowMs: number): { kind: "young" | "late"; pod: Pod } | undefined {
  for (const pod of pods) {
    const waiting = pod.status?.containerStatuses?.find(({ state, ready }) => state?.running && !ready)
    if (!waiting) continue
    const runsForMs = nowMs - Date.parse(waiting.state?.running?.startedAt ?? "")
    return { kind: runsForMs >= askAfterMs ? "late" : "young", pod }
  }
  return undefined
}

async function lastProbeFailure({ client }: Context, pod: Pod): Promise<string | undefined> {
  const { name, namespace } = pod.metadata
  const fieldSelector = `involvedObject.name=${name},reason=Unhealthy`
  const { items } = await client.list(Event, { ...(namespace && { namespace }), fieldSelector })
  return items.at(-1)?.message
}

async function applyDeployment(
  { client, ...context }: Context,
  revision: Revision,
  existing: Deployment | undefined,
  desired: NewOf<typeof Deployment>,
): Promise<void> {
  const hash = createHash("sha256").update(JSON.stringify(desired.spec?.template)).digest("hex").slice(0, 16)
  const hashed = { ...desired.metadata.annotations, [annotations.deploymentHash]: hash }
  const object = { ...desired, metadata: { ...desired.metadata, annotations: hashed } }
  if (!existing) {
    await createChild({ client, ...context }, Deployment, object)
    return
  }
  if (!isOwnedBy(existing, revision) || existing.metadata.annotations?.[annotations.deploymentHash] === hash) return
  const { name, namespace, resourceVersion } = existing.metadata
  const body = { metadata: { resourceVersion, annotations: hashed }, spec: { template: desired.spec?.template } }
  await client.patch(Deployment, { name, ...(namespace && { namespace }) }, { type: "merge", body })
}

async function applyPodAutoscaler(
  context: Context,
  existing: PodAutoscaler | undefined,
  desired: NewOf<typeof PodAutoscaler>,
): Promise<void> {
  if (!existing) {
    await createChild(context, PodAutoscaler, desired)
    return
  }
  const { labels: had, annotations: noted } = existing.metadata
  const { labels: wanted, annotations: asked } = desired.metadata
  if (sameJson(existing.spec, desired.spec) && sameJson(had, wanted) && sameJson(noted ?? {}, asked ?? {})) return
  const metadata = { ...existing.metadata, labels: wanted, annotations: asked }
  await context.client.update(PodAutoscaler, { ...existing, metadata, spec: desired.spec } as NewOf<
    typeof PodAutoscaler
  >)
}
