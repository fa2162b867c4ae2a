import type { AnyObject } from "@wick/sdk/api/kind"
import type { AdmissionStep } from "./step.ts"

/** By `plural`: what keeps an object that somebody deletes until nobody uses it. */
const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
}

/** Holds new claims and volumes, so that none goes while it is in use; a controller lets them go afterwards. */
export function createStorageProtection(): AdmissionStep {
  return {
    name: "StorageObjectInUseProtection",
    mutate: ({ operation, group, resource, subresource, object }) => {
      const finalizer = operation === "CREATE" && group === "" && subresource === "" ? finalizers[resource] : undefined
      return finalizer && object ? held(object, finalizer) : object
    },
  }
}

function held(object: AnyObject, finalizer: string): AnyObject {
  const { finalizers: before = [] } = object.metadata
  if (before.includes(finalizer)) return object
  return { ...object, metadata: { ...object.metadata, finalizers: [...before, finalizer] } }
}
