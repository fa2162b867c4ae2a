import type { AnyObject } from "@wick/sdk/api/kind"
import { SimulatedClock } from "@wick/sdk/clock"
import { createMemoryStorage, type Storage } from "#store"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"

/** A creation of a pod by somebody, but for what is `changed`. */
export function attributes(changed: Partial<AdmissionAttributes> = {}): AdmissionAttributes {
  return {
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    resource: "pods",
    subresource: "",
    namespace: "shop",
    name: "cart",
    object: { apiVersion: "v1", kind: "Pod", metadata: { name: "cart" }, spec: {} },
    oldObject: undefined,
    user: { name: "jo", groups: [] },
    dryRun: false,
    warn: () => {},
    ...changed,
  }
}

/** A store with objects in it, by their paths below `/registry/`. */
export async function storageWith(objects: Readonly<Record<string, object>>): Promise<Storage> {
  const storage = createMemoryStorage({ clock: new SimulatedClock() })
  const success = Object.entries(objects).map(([path, object]) => {
    return { kind: "put", key: `/registry/${path}`, value: Buffer.from(JSON.stringify(object)) } as const
  })
  await storage.txn({ compare: [], success, failure: [] })
  return storage
}

/** What a step makes of a write, if it lets it pass. */
export async function admitted(step: AdmissionStep, write: AdmissionAttributes): Promise<AnyObject> {
  const object = (await step.mutate?.(write)) ?? write.object
  await step.validate?.({ ...write, object })
  return object as AnyObject
}
