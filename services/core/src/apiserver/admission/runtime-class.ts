import type { Pod } from "@wick/sdk/api/core/pod"
import type { AnyObject } from "@wick/sdk/api/kind"
import { canonicalQuantity } from "@wick/sdk/api/meta/quantity"
import type { RuntimeClass } from "@wick/sdk/api/node/runtime-class"
import type { Storage } from "#store"
import { jsonEqual } from "../patch/json-value.ts"
import { forbidden } from "./forbidden.ts"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"
import { readClass } from "./stored-object.ts"

type PodSpec = Pod["spec"]

/** Pods of a runtime class cost what the class says beside their containers, and run where the class can. */
export function createRuntimeClassAdmission(storage: Storage): AdmissionStep {
  return {
    name: "RuntimeClass",
    mutate: async (attributes) => {
      const { object } = attributes
      if (!isNewPod(attributes) || !object) return object
      const found = await classOf(attributes, storage)
      if (found === undefined) return object
      return { ...object, spec: inClass(attributes, found) } as unknown as AnyObject
    },
    validate: async (attributes) => {
      if (!isNewPod(attributes)) return
      const { overhead = {} } = specOf(attributes)
      const found = await classOf(attributes, storage)
      const fixed = found?.overhead?.podFixed ?? {}
      if (Object.keys(overhead).length > 0 && Object.keys(fixed).length === 0) {
        throw forbidden(
          attributes,
          "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        )
      }
      if (!jsonEqual(canonical(overhead), canonical(fixed))) throw forbidden(attributes, mismatch)
    },
  }
}

const mismatch = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"

function isNewPod({ operation, group, resource, subresource }: AdmissionAttributes): boolean {
  return operation === "CREATE" && group === "" && resource === "pods" && subresource === ""
}

function specOf({ object }: AdmissionAttributes): PodSpec {
  return (object as unknown as Pod).spec
}

async function classOf(attributes: AdmissionAttributes, storage: Storage): Promise<RuntimeClass | undefined> {
  const { runtimeClassName } = specOf(attributes)
  if (!runtimeClassName) return undefined
  const found = await readClass<RuntimeClass>(storage, "node.k8s.io/runtimeclasses", runtimeClassName)
  if (found === undefined) throw forbidden(attributes, `pod rejected: RuntimeClass "${runtimeClassName}" not found`)
  return found
}

function inClass(attributes: AdmissionAttributes, { overhead, scheduling }: RuntimeClass): PodSpec {
  const spec = specOf(attributes)
  const { podFixed } = overhead ?? {}
  if (podFixed && spec.overhead && !jsonEqual(canonical(spec.overhead), canonical(podFixed))) {
    throw forbidden(attributes, mismatch)
  }
  const { nodeSelector = {}, tolerations = [] } = scheduling ?? {}
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key]
    if (own === undefined || own === value) continue
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
    throw forbidden(attributes, `pod rejected: ${why}`)
  }
  const own = spec.tolerations ?? []
  const added = tolerations.filter((wanted) => !own.some((each) => jsonEqual(each, wanted)))
  return {
    ...spec,
    ...(podFixed && { overhead: podFixed }),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...spec.nodeSelector, ...nodeSelector } }),
    ...(added.length > 0 && { tolerations: [...own, ...added] }),
  }
}

/** The same amounts in the same words. */
function canonical(amounts: NonNullable<PodSpec["overhead"]>): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, canonicalQuantity(amount)]))
}
