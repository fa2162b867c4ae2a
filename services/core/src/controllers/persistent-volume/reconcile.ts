import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import type { NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { createController, done, type Informer, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { isEnded } from "../pod-state.ts"
import { claimKeys } from "../volume-protection/decide.ts"
import { decide, decideVolume, type Step } from "./decide.ts"
import { startEphemeralClaims } from "./ephemeral-claims.ts"

/** Finds or makes volumes for claims, and lets go of those whose claims have gone. */
export function startPersistentVolumes(context: ControllerContext): AsyncDisposable {
  const running = new AsyncDisposableStack()
  running.use(startClaims(context))
  running.use(startVolumes(context))
  running.use(startEphemeralClaims(context))
  return running
}

const byClaim = {
  claim: ({ spec }: PersistentVolume): string[] =>
    spec?.claimRef ? [`${spec.claimRef.namespace}/${spec.claimRef.name}`] : [],
}

function startClaims({ client, clock, informers, log, metrics }: ControllerContext): AsyncDisposable {
  const claims = informers(PersistentVolumeClaim)
  const volumes = informers(PersistentVolume, { indexes: byClaim })
  const classes = informers(StorageClass)
  const pods = informers(Pod, { indexes: { claim: claimKeys } })
  const waiting = (): string[] =>
    claims
      .list()
      .filter(({ status }) => status?.phase !== "Bound")
      .map(keyOf)
  return createController({
    name: "persistentvolume-binder",
    clock,
    log,
    metrics,
    watches: [
      watchOf(claims, ({ after }) => (after ? [keyOf(after)] : [])),
      watchOf(volumes, (change) => {
        const own = byClaim.claim(subject(change))
        return own.length > 0 ? own : waiting()
      }),
      watchOf(classes, waiting),
      watchOf(pods, ({ before, after }) => (after?.spec.nodeName && !before?.spec.nodeName ? claimKeys(after) : [])),
    ],
    reconcile: async (key) => {
      const { name, namespace } = splitKey(key)
      const claim = claims.get(name, namespace)
      if (!claim || claim.metadata.deletionTimestamp !== undefined) return done
      const storageClass = claim.spec.storageClassName ? classes.get(claim.spec.storageClassName) : undefined
      const user = pods.byIndex("claim", key).find((pod) => pod.spec.nodeName && !isEnded(pod))
      const step = decide({ claim, volumes: volumes.list(), storageClass, nodeName: user?.spec.nodeName })
      await apply(client, claim, step)
      return done
    },
  })
}

async function apply(client: ControllerContext["client"], claim: PersistentVolumeClaim, step: Step): Promise<void> {
  const { name, namespace = "", uid, resourceVersion } = claim.metadata
  const reference = { name, namespace }
  switch (step.kind) {
    case "wait":
      return
    case "lost":
      if (claim.status?.phase === "Lost") return
      await client.patch(
        PersistentVolumeClaim,
        reference,
        { type: "merge", body: { status: { phase: "Lost" } } },
        { subresource: "status" },
      )
      return
    case "provision":
      await client.create(PersistentVolume, step.volume).catch((error: unknown) => {
        if (!isStatus(error, "AlreadyExists")) throw error
      })
      return
    case "reserve": {
      const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion }
      const { metadata } = step.volume
      const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { claimRef } }
      await client.patch(PersistentVolume, { name: metadata.name }, { type: "merge", body })
      return
    }
    case "take": {
      const annotations = { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" }
      const body = { metadata: { uid, resourceVersion, annotations }, spec: { volumeName: step.volume.metadata.name } }
      await client.patch(PersistentVolumeClaim, reference, { type: "merge", body })
      return
    }
    case "grow": {
      const capacity = { storage: step.storage }
      const volume = { name: step.volume.metadata.name }
      await client.patch(PersistentVolume, volume, { type: "merge", body: { spec: { capacity } } })
      const body = { status: { capacity } }
      await client.patch(PersistentVolumeClaim, reference, { type: "merge", body }, { subresource: "status" })
      return
    }
    case "bound": {
      if (claim.status?.phase === "Bound") return
      const { accessModes, capacity } = step.volume.spec ?? {}
      const body = { status: { phase: "Bound", accessModes, capacity } }
      await client.patch(PersistentVolumeClaim, reference, { type: "merge", body }, { subresource: "status" })
    }
  }
}

function startVolumes({ client, clock, informers, log, metrics }: ControllerContext): AsyncDisposable {
  const volumes = informers(PersistentVolume, { indexes: byClaim })
  const claims: Informer<typeof PersistentVolumeClaim> = informers(PersistentVolumeClaim)
  return createController({
    name: "persistentvolume-phases",
    clock,
    log,
    metrics,
    watches: [
      watchOf(volumes, ({ after }) => (after ? [after.metadata.name] : [])),
      // One that is gone, or that another of its name has taken the place of.
      watchOf(claims, ({ before, after }) =>
        before === undefined || before.metadata.uid === after?.metadata.uid
          ? []
          : volumes.byIndex("claim", keyOf(before)).map(({ metadata }) => metadata.name),
      ),
    ],
    reconcile: async (name) => {
      const volume = volumes.get(name)
      if (!volume) return done
      const { claimRef } = volume.spec ?? {}
      const cached = claimRef?.name ? claims.get(claimRef.name, claimRef.namespace) : undefined
      // A claim that the cache does not know, or of whose name it knows another, may be one that it does not know yet.
      const isSeen = claimRef?.uid === undefined || cached?.metadata.uid === claimRef.uid
      const step = decideVolume(volume, isSeen ? cached : await found(client, claimRef))
      if (step.kind === "phase") {
        const body = { status: { phase: step.phase } }
        await client.patch(PersistentVolume, { name }, { type: "merge", body }, { subresource: "status" })
      } else if (step.kind === "delete") {
        const { uid } = volume.metadata
        await client.delete(PersistentVolume, { name }, { preconditions: { uid } })
      }
      return done
    },
  })
}

type ClaimRef = NonNullable<NonNullable<NewOf<typeof PersistentVolume>["spec"]>["claimRef"]>

async function found(
  client: ControllerContext["client"],
  { name = "", namespace = "" }: ClaimRef,
): Promise<PersistentVolumeClaim | undefined> {
  try {
    return await client.get(PersistentVolumeClaim, { name, namespace })
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
