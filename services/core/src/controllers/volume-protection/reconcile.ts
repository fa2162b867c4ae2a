import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import {
  createController,
  done,
  keyOf,
  removeFinalizer,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { claimsOf, mayClaimGo, mayVolumeGo } from "./decide.ts"

const claimFinalizer = "kubernetes.io/pvc-protection"
/** A pod that has come to use a claim and that no watch has told of yet may go without being told of: it is looked for again after this. */
const unseenMs = 5_000
const volumeFinalizer = "kubernetes.io/pv-protection"

/** Lets claims and volumes that somebody has deleted go as soon as nobody uses them: admission holds them until then. */
export function startVolumeProtection(context: ControllerContext): AsyncDisposable {
  const running = new AsyncDisposableStack()
  running.use(startClaims(context))
  running.use(startVolumes(context))
  return running
}

function startClaims({ client, clock, informers, log, metrics }: ControllerContext): AsyncDisposable {
  const claims = informers(PersistentVolumeClaim)
  const pods = informers(Pod)
  const isGoing = (claim: PersistentVolumeClaim): boolean => claim.metadata.deletionTimestamp !== undefined
  return createController({
    name: "pvc-protection-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(claims, ({ after }) => (after && isGoing(after) ? [keyOf(after)] : [])),
      watchOf(pods, (change) => {
        const { namespace = "" } = subject(change).metadata
        const used = claimsOf(subject(change)).map((name) => claims.get(name, namespace))
        return used.flatMap((claim) => (claim && isGoing(claim) ? [keyOf(claim)] : []))
      }),
    ],
    reconcile: async (key) => {
      const { name, namespace } = splitKey(key)
      const claim = claims.get(name, namespace)
      if (!claim || !mayClaimGo(claim, pods.list(namespace))) return done
      const { items } = await client.list(Pod, namespace === undefined ? {} : { namespace })
      if (!mayClaimGo(claim, items)) return wakeAfter(unseenMs)
      await removeFinalizer(client, PersistentVolumeClaim, claim, claimFinalizer)
      return done
    },
  })
}

function startVolumes({ client, clock, informers, log, metrics }: ControllerContext): AsyncDisposable {
  const volumes = informers(PersistentVolume)
  return createController({
    name: "pv-protection-controller",
    clock,
    log,
    metrics,
    watches: [watchOf(volumes, ({ after }) => (after && mayVolumeGo(after) ? [after.metadata.name] : []))],
    reconcile: async (name) => {
      const volume = volumes.get(name)
      if (volume && mayVolumeGo(volume)) await removeFinalizer(client, PersistentVolume, volume, volumeFinalizer)
      return done
    },
  })
}
