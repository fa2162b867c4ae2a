import type { Pod } from "@wick/sdk/api/core/pod"

/** What a pod's node has to read to run it, and so may. */
export interface PodReferences {
  /** "" where the pod is bound to no node yet. */
  readonly nodeName: string
  /** As `secrets/db`: plural and name, of the pod's own namespace. */
  readonly objects: ReadonlySet<string>
}

type Spec = Pod["spec"]
type Volume = NonNullable<Spec["volumes"]>[number]
type Container = Pick<Spec["containers"][number], "env" | "envFrom">

/** Pure: every object of its namespace that a pod names. */
export function podReferences(pod: Pod): PodReferences {
  const { metadata } = pod
  // One pod that was stored without its parts must not keep all others from being read.
  const spec: Partial<Spec> = pod.spec ?? {}
  const containers: Container[] = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ]
  const objects = [
    one("serviceaccounts", spec.serviceAccountName || spec.serviceAccount),
    ...(spec.imagePullSecrets ?? []).map(({ name }) => one("secrets", name)),
    ...containers.flatMap(ofContainer),
    ...(spec.volumes ?? []).flatMap((volume) => ofVolume(volume, metadata.name)),
  ]
  return { nodeName: spec.nodeName ?? "", objects: new Set(objects.filter((each) => each !== "")) }
}

function one(plural: string, name: string | undefined): string {
  return name ? `${plural}/${name}` : ""
}

function ofContainer({ env, envFrom }: Container): string[] {
  return [
    ...(env ?? []).flatMap(({ valueFrom }) => [
      one("secrets", valueFrom?.secretKeyRef?.name),
      one("configmaps", valueFrom?.configMapKeyRef?.name),
    ]),
    ...(envFrom ?? []).flatMap(({ secretRef, configMapRef }) => [
      one("secrets", secretRef?.name),
      one("configmaps", configMapRef?.name),
    ]),
  ]
}

function ofVolume(volume: Volume, pod: string): string[] {
  const { secret, configMap, projected, persistentVolumeClaim, ephemeral } = volume
  return [
    one("secrets", secret?.secretName),
    one("configmaps", configMap?.name),
    one("persistentvolumeclaims", persistentVolumeClaim?.claimName),
    // A claim that is made for one pod is named for it and for the volume.
    ephemeral ? one("persistentvolumeclaims", `${pod}-${volume.name}`) : "",
    ...driverSecrets(volume),
    ...(projected?.sources ?? []).flatMap((source) => [
      one("secrets", source.secret?.name),
      one("configmaps", source.configMap?.name),
    ]),
  ]
}

interface SecretRef {
  readonly secretRef?: { readonly name?: string }
  readonly nodePublishSecretRef?: { readonly name?: string }
  readonly secretName?: string
}

/** Storage drivers name their secrets each in its own field, all in one of three forms. */
const drivers = ["csi", "flexVolume", "cephfs", "iscsi", "rbd", "scaleIO", "storageos", "azureFile"]

function driverSecrets(volume: Volume): string[] {
  const sources = volume as unknown as Readonly<Record<string, SecretRef | undefined>>
  return drivers.flatMap((driver) => {
    const source = sources[driver]
    const names = [source?.secretRef?.name, source?.nodePublishSecretRef?.name, source?.secretName]
    return names.map((name) => one("secrets", name))
  })
}
