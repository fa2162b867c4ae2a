import { Deployment } from "@wick/sdk/api/apps/deployment"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
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
  soonest,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"
import { controllerKey } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import { type Context, loopParts } from "../context.ts"
import { StatusWriter } from "../status-writer.ts"
import { applyDeployment, applyImages, applyPodAutoscaler } from "./apply.ts"
import { decide, type Observed } from "./decide.ts"
import { deploymentName, podAutoscalerName } from "./names.ts"
import { newsOf } from "./news.ts"
import { createDigestResolver, type DigestResolver } from "./resolver.ts"
import { Warnings, waitingPod } from "./waiting-pod.ts"
import { wakeOf } from "./watch.ts"

const concurrency = 8

export interface RevisionController extends Controller {}

interface Caches {
  readonly revisions: Informer<typeof Revision>
  readonly deployments: Informer<typeof Deployment>
  readonly podAutoscalers: Informer<typeof PodAutoscaler>
  readonly pods: Informer<typeof Pod>
  readonly images: Informer<typeof Image>
}

interface Parts {
  readonly caches: Caches
  readonly resolver: DigestResolver
  readonly statuses: StatusWriter<typeof Revision>
  readonly warnings: Warnings
}

export function startRevisionController(context: Context): RevisionController {
  const { client, informers, config, registries, clock } = context
  const caches: Caches = {
    revisions: informers(Revision),
    deployments: informers(Deployment, { labelSelector: revisionLabel }),
    podAutoscalers: informers(PodAutoscaler),
    images: informers(Image, { trim: named }),
    pods: informers(Pod, { labelSelector: revisionLabel, indexes: { revision: revisionKeys } }),
  }
  const owner = (image: Image): string[] => {
    const key = controllerKey(image, "Revision")
    return key ? [key] : []
  }
  const statuses = new StatusWriter(context, Revision)
  const warnings = new Warnings(client, clock)
  const wake = (key: string, afterMs?: number): void => controller.wake(key, afterMs)
  const resolver = createDigestResolver({ client, clock, registries, wake })
  const controller = createController({
    name: "revision",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(caches.revisions, (change) => [keyOf(subject(change))]),
      // By label and by name: one that is somebody else's may go.
      wakeOf(caches.revisions, caches.deployments, revisionKeys),
      watchOf(caches.podAutoscalers, (change) => [keyOf(subject(change))]),
      // One that somebody deletes is made again; that one was made is no news.
      watchOf(caches.images, ({ before, after }) => (before && !after ? owner(before) : [])),
      wakeOf(caches.revisions, caches.pods, revisionKeys),
      {
        synced: config.synced,
        subscribe: (wake) => config.onChange(() => caches.revisions.list().map(keyOf).forEach(wake)),
      },
    ],
    reconcile: (key) => reconcile(context, { caches, resolver, statuses, warnings }, key),
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

async function reconcile(context: Context, parts: Parts, key: string): Promise<Result> {
  const { caches, resolver, statuses, warnings } = parts
  const { namespace, name } = splitKey(key)
  const revision = caches.revisions.get(name, namespace)
  if (!revision || revision.metadata.deletionTimestamp) {
    resolver.forget(key)
    await warnings.look(key, undefined)
    return statuses.forget(key)
  }
  const config = context.config.current()
  const deployment = caches.deployments.get(deploymentName(name), namespace)
  const podAutoscaler = caches.podAutoscalers.get(podAutoscalerName(name), namespace)
  const pods = caches.pods.byIndex("revision", key).filter(({ metadata }) => !metadata.deletionTimestamp)
  const isReady = currentCondition(revision, "Ready")?.status === "True"
  const waiting = isReady ? undefined : waitingPod(pods, context.clock.now())
  const { warning, againMs } = await warnings.look(key, waiting)
  const resolution = resolver.resolutionOf(revision, config)
  const observed: Observed = { revision, deployment, podAutoscaler, pods, resolution, warning, config }
  const decision = decide(observed, context.clock.now())
  const [refusal] = await Promise.all([
    decision.deployment && applyDeployment(context, revision, deployment, decision.deployment),
    decision.podAutoscaler && applyPodAutoscaler(context, revision, podAutoscaler, decision.podAutoscaler),
  ])
  const { status } = refusal ? decide({ ...observed, refusal: refusal.message }, context.clock.now()) : decision
  // What a tag stood for must not be asked again: the next answer may be another.
  const atOnce = !sameJson(revision.status?.containerStatuses, status.containerStatuses)
  const written = await statuses.write(revision, status, { atOnce })
  // What the status does not say yet is seen again, and would be told twice.
  if (written === done) for (const news of newsOf(revision, status)) context.events.record(revision, news)
  // The API's no is tried again: what it follows from, such as a quota or a policy, may change.
  if (refusal) throw refusal
  await applyImages(context, (image) => caches.images.get(image, namespace), decision.images)
  return againMs === undefined ? written : soonest(written, wakeAfter(againMs))
}

/** Of an image it matters only that it is there. */
function named({ apiVersion, kind, metadata }: Image): Image {
  const { name, namespace, uid, resourceVersion, ownerReferences } = metadata
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, ownerReferences } } as unknown as Image
}
