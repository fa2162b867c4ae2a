import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import { jsonEqual } from "../patch/json-value.ts"
import { forbidden, invalid, oneOf, present, required, unsupported } from "./mistake.ts"
import { dnsSubdomain } from "./name-format.ts"
import { accessModes, volumeModes } from "./persistent-volume-claim.ts"
import { nodeSelectorMistakes } from "./pod-spec/scheduling.ts"
import { hostPathMistakes } from "./pod-spec/volume.ts"
import type { Strategy } from "./strategy.ts"

type Spec = PersistentVolume["spec"]

export const persistentVolumes: Strategy = {
  prepareCreate(object, nowMs) {
    const lastPhaseTransitionTime = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    object.status = { phase: "Pending", lastPhaseTransitionTime }
  },
  validate(object, old) {
    const { spec } = object as unknown as PersistentVolume
    const mistakes = specMistakes(spec)
    return old ? [...mistakes, ...changeMistakes(spec, (old as unknown as PersistentVolume).spec)] : mistakes
  },
}

function specMistakes(spec: Spec): FieldError[] {
  const modes = spec.accessModes ?? []
  const capacity = spec.capacity ?? {}
  const reclaim = spec.persistentVolumeReclaimPolicy
  return [
    ...(modes.length === 0 ? [required("spec.accessModes")] : []),
    ...modes.flatMap((mode) => oneOf("spec.accessModes", mode, accessModes)),
    ...(modes.includes("ReadWriteOncePod") && modes.length > 1
      ? [forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes")]
      : []),
    ...capacityMistakes(capacity),
    ...oneOf("spec.persistentVolumeReclaimPolicy", reclaim, ["Delete", "Recycle", "Retain"]),
    ...(spec.nodeAffinity?.required
      ? nodeSelectorMistakes("spec.nodeAffinity.required", spec.nodeAffinity.required)
      : []),
    ...sourceMistakes(spec),
    ...(spec.hostPath?.path === "/" && reclaim === "Recycle"
      ? [forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
    ...(spec.storageClassName ? dnsSubdomain("spec.storageClassName", spec.storageClassName) : []),
    ...oneOf("spec.volumeMode", spec.volumeMode, volumeModes),
  ]
}

function capacityMistakes(capacity: NonNullable<Spec["capacity"]>): FieldError[] {
  const names = Object.keys(capacity)
  if (names.length === 0) return [required("spec.capacity")]
  if (names.length > 1 || capacity.storage === undefined) {
    return [unsupported("spec.capacity", capacity, ["storage"])]
  }
  if (!isQuantity(capacity.storage) || parseQuantity(capacity.storage) > 0n) return []
  return [invalid("spec.capacity[storage]", String(capacity.storage), "must be greater than zero")]
}

function sourceMistakes(spec: Spec): FieldError[] {
  const given = sourcesOf(spec)
  if (given.length === 0) return [required("spec", "must specify a volume type")]
  const { hostPath, nfs, local, csi } = spec
  const mistakes = given.slice(1).map(([name]) => forbidden(`spec.${name}`, "may not specify more than 1 volume type"))
  if (hostPath) mistakes.push(...hostPathMistakes("spec.hostPath", hostPath))
  if (nfs) mistakes.push(...present("spec.nfs.server", nfs.server), ...present("spec.nfs.path", nfs.path))
  if (csi)
    mistakes.push(...present("spec.csi.driver", csi.driver), ...present("spec.csi.volumeHandle", csi.volumeHandle))
  if (local) {
    mistakes.push(...present("spec.local.path", local.path))
    if (!spec.nodeAffinity) mistakes.push(required("spec.nodeAffinity", "Local volume requires node affinity"))
  }
  return mistakes
}

/** All that is neither capacity nor a way of use says where the volume is. */
function sourcesOf(spec: Spec): [string, unknown][] {
  const {
    capacity: _c,
    accessModes: _a,
    claimRef: _r,
    persistentVolumeReclaimPolicy: _p,
    storageClassName: _s,
    mountOptions: _o,
    volumeMode: _m,
    nodeAffinity: _n,
    volumeAttributesClassName: _v,
    ...sources
  } = spec
  return Object.entries(sources).filter(([, source]) => source !== undefined)
}

function changeMistakes(spec: Spec, old: Spec): FieldError[] {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))
  const isSame = (left: unknown, right: unknown): boolean => jsonEqual(plain(left), plain(right))
  const mistakes: FieldError[] = []
  if (!isSame(Object.fromEntries(sourcesOf(spec)), Object.fromEntries(sourcesOf(old)))) {
    mistakes.push(forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"))
  }
  if (spec.volumeMode !== old.volumeMode) {
    mistakes.push(invalid("spec.volumeMode", spec.volumeMode, "field is immutable"))
  }
  if (old.nodeAffinity?.required && !isSame(spec.nodeAffinity, old.nodeAffinity)) {
    mistakes.push(invalid("spec.nodeAffinity", spec.nodeAffinity, "field is immutable"))
  }
  return mistakes
}
