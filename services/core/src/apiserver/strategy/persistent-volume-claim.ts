import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { compareQuantities, isQuantity, parseQuantity, type Quantity } from "@wick/sdk/api/meta/quantity"
import { jsonEqual } from "../patch/json-value.ts"
import { forbidden, invalid, oneOf, present, required, unsupported } from "./mistake.ts"
import { dnsSubdomain } from "./name-format.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"

type ClaimSpec = PersistentVolumeClaim["spec"]

export const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]
export const volumeModes = ["Block", "Filesystem"]

export const persistentVolumeClaims: Strategy = {
  prepareCreate(object) {
    const claim = object as unknown as PersistentVolumeClaim
    claim.spec.volumeMode ??= "Filesystem"
    object.status = { phase: "Pending" }
  },
  prepareUpdate(object) {
    const claim = object as unknown as PersistentVolumeClaim
    claim.spec.volumeMode ??= "Filesystem"
  },
  validate(object, old) {
    const claim = object as unknown as PersistentVolumeClaim
    const mistakes = claimSpecMistakes("spec", claim.spec)
    return old ? [...mistakes, ...changeMistakes(claim, old as unknown as PersistentVolumeClaim)] : mistakes
  },
}

export function claimSpecMistakes(field: string, spec: ClaimSpec): FieldError[] {
  const amount = spec.resources?.requests?.storage
  return [
    ...accessModeMistakes(`${field}.accessModes`, spec.accessModes ?? []),
    ...selectorMistakes(`${field}.selector`, spec.selector),
    ...(amount === undefined ? [required(`${field}.resources[storage]`)] : sizeMistakes(field, amount)),
    ...(spec.storageClassName ? dnsSubdomain(`${field}.storageClassName`, spec.storageClassName) : []),
    ...oneOf(`${field}.volumeMode`, spec.volumeMode, volumeModes),
    ...(spec.dataSource
      ? [
          ...present(`${field}.dataSource.name`, spec.dataSource.name),
          ...present(`${field}.dataSource.kind`, spec.dataSource.kind),
        ]
      : []),
  ]
}

function sizeMistakes(field: string, amount: Quantity): FieldError[] {
  if (!isQuantity(amount) || parseQuantity(amount) > 0n) return []
  return [invalid(`${field}.resources[storage]`, String(amount), "must be greater than zero")]
}

export function accessModeMistakes(field: string, modes: readonly string[]): FieldError[] {
  if (modes.length === 0) return [required(field, "at least 1 access mode is required")]
  const unknown = modes.filter((mode) => !accessModes.includes(mode))
  const isMixed = modes.includes("ReadWriteOncePod") && modes.length > 1
  return [
    ...unknown.map((mode) => unsupported(field, mode, accessModes)),
    ...(isMixed ? [forbidden(field, "may not use ReadWriteOncePod with other access modes")] : []),
  ]
}

const immutable =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"

/** What may change: the volume once, the class while there is none, and the size of a bound claim upwards. */
function changeMistakes(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const isBound = old.status?.phase === "Bound"
  const fixed = ({ spec }: PersistentVolumeClaim): object => {
    const { resources, volumeName, storageClassName, volumeAttributesClassName, ...rest } = spec
    return {
      ...rest,
      limits: resources?.limits,
      volumeName: old.spec.volumeName ? volumeName : undefined,
      storageClassName: old.spec.storageClassName === undefined ? undefined : storageClassName,
      volumeAttributesClassName: isBound ? undefined : volumeAttributesClassName,
      requests: isBound ? undefined : resources?.requests,
    }
  }
  const normal = (value: object): unknown => JSON.parse(JSON.stringify(value))
  const mistakes = jsonEqual(normal(fixed(claim)), normal(fixed(old))) ? [] : [forbidden("spec", immutable)]
  const wanted = storageOf(claim)
  const held = old.status?.capacity?.storage ?? storageOf(old)
  if (isBound && isQuantity(wanted) && isQuantity(held) && compareQuantities(wanted, held) < 0) {
    mistakes.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"))
  }
  return mistakes
}

function storageOf({ spec }: PersistentVolumeClaim): Quantity | undefined {
  return spec.resources?.requests?.storage
}
