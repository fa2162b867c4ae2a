import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import type { NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { createController, done, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { isEnded } from "../pod-state.ts"

/** Makes the claims of volumes that live as long as their pod: `<pod>-<volume>`, the pod's own. */
export function startEphemeralClaims({ client, clock, informers, log, metrics }: ControllerContext): AsyncDisposable {
  const pods = informers(Pod, { indexes: { ephemeral: ephemeralKeys } })
  const claims = informers(PersistentVolumeClaim)
  const hasAny = ({ spec }: Pod): boolean => spec.volumes?.some(({ ephemeral }) => ephemeral) === true
  return createController({
    name: "ephemeral-volume-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(pods, (change) => (hasAny(subject(change)) && !change.before ? [keyOf(subject(change))] : [])),
      // A claim that goes may have been in the way of one of a later pod of the same name.
      watchOf(claims, ({ before, after }) =>
        before && !after ? pods.byIndex("ephemeral", keyOf(before)).map(keyOf) : [],
      ),
    ],
    reconcile: async (key) => {
      const { name, namespace = "" } = splitKey(key)
      const pod = pods.get(name, namespace)
      if (!pod || pod.metadata.deletionTimestamp !== undefined || isEnded(pod)) return done
      for (const claim of ephemeralClaims(pod)) {
        if (claims.get(claim.metadata.name ?? "", namespace)) continue
        try {
          await client.create(PersistentVolumeClaim, claim)
        } catch (error) {
          // Whose it is, the node looks at when it mounts it.
          if (!isStatus(error, "AlreadyExists")) throw error
        }
      }
      return done
    },
  })
}

/** `namespace/name` of the claims that a pod's ephemeral volumes are. */
function ephemeralKeys({ metadata, spec }: Pod): string[] {
  const { namespace = "", name: pod } = metadata
  return (spec.volumes ?? []).flatMap(({ name, ephemeral }) => (ephemeral ? [`${namespace}/${pod}-${name}`] : []))
}

/** Pure: the claims that a pod's ephemeral volumes are. */
export function ephemeralClaims({ metadata, spec }: Pod): NewOf<typeof PersistentVolumeClaim>[] {
  const owner = { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid }
  return (spec.volumes ?? []).flatMap(({ name, ephemeral }) => {
    const template = ephemeral?.volumeClaimTemplate
    if (!template) return []
    const { labels, annotations } = template.metadata ?? {}
    return {
      metadata: {
        name: `${metadata.name}-${name}`,
        namespace: metadata.namespace,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
        ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
      },
      spec: template.spec,
    } as NewOf<typeof PersistentVolumeClaim>
  })
}
