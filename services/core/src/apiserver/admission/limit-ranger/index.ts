/**
 * LimitRanger: what one container, pod or claim of a namespace may ask for, and what a container gets that does not say.
 * A namespace without a LimitRange costs one look into a map.
 */
import type { LimitRange } from "@wick/sdk/api/core/limit-range"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { ResourceList } from "@wick/sdk/api/core/resources"
import type { AnyObject } from "@wick/sdk/api/kind"
import { aggregated, forbidden } from "../forbidden.ts"
import type { NamespaceIndex } from "../namespace-index.ts"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import { claimMistakes, podMistakes } from "./bounds.ts"
import { withLimitDefaults } from "./defaults.ts"

export function createLimitRanger(ranges: NamespaceIndex<LimitRange>): AdmissionStep {
  return {
    name: "LimitRanger",
    mutate: (attributes) => {
      const { object, namespace } = attributes
      if (!isNewPod(attributes) || object === undefined) return object
      const pod = object as unknown as Pod
      return ranges.of(namespace).reduce(withLimitDefaults, pod) as unknown as AnyObject
    },
    validate: (attributes) => {
      const mistakes = ranges.of(attributes.namespace).flatMap((range) => mistakesIn(attributes, range))
      if (mistakes.length > 0) throw forbidden(attributes, aggregated(mistakes))
    },
  }
}

function mistakesIn(attributes: AdmissionAttributes, range: LimitRange): string[] {
  const { object, group, resource, subresource, operation } = attributes
  if (object === undefined) return []
  if (isNewPod(attributes)) return podMistakes(object as unknown as Pod, range)
  const isClaim = group === "" && resource === "persistentvolumeclaims" && subresource === ""
  if (!isClaim || operation === "DELETE" || object.metadata.deletionTimestamp !== undefined) return []
  const { resources } = (object.spec ?? {}) as { resources?: { requests?: ResourceList } }
  return claimMistakes(resources?.requests ?? {}, range)
}

/** A pod's resources are judged when it is made: they hardly change afterwards. */
function isNewPod({ operation, group, resource, subresource }: AdmissionAttributes): boolean {
  return operation === "CREATE" && group === "" && resource === "pods" && subresource === ""
}
