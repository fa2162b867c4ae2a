import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { parseQuantity } from "@wick/sdk/api/meta/quantity"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import type { Storage } from "#store"
import { forbidden } from "./forbidden.ts"
import type { AdmissionStep } from "./step.ts"
import { readClass } from "./stored-object.ts"

const refusal =
  "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"

/** Claims grow only where their storage class says that its volumes can. */
export function createClaimResize(storage: Storage): AdmissionStep {
  return {
    name: "PersistentVolumeClaimResize",
    validate: async (attributes) => {
      const { operation, group, resource, subresource, object, oldObject } = attributes
      if (operation !== "UPDATE" || group !== "" || resource !== "persistentvolumeclaims" || subresource !== "") return
      const claim = object as unknown as PersistentVolumeClaim
      if (sizeOf(claim) <= sizeOf(oldObject as unknown as PersistentVolumeClaim)) return
      const { storageClassName } = claim.spec
      const found = storageClassName
        ? await readClass<StorageClass>(storage, "storage.k8s.io/storageclasses", storageClassName)
        : undefined
      if (!found?.allowVolumeExpansion) throw forbidden(attributes, refusal)
    },
  }
}

function sizeOf({ spec }: PersistentVolumeClaim): bigint {
  return parseQuantity(spec.resources?.requests?.storage ?? 0)
}
