import { systemPriorities } from "../strategy/priority-class.ts"
import { forbidden } from "./forbidden.ts"
import type { AdmissionStep } from "./step.ts"

/** The classes of what the cluster cannot do without stay. */
export function createPriorityProtection(): AdmissionStep {
  return {
    name: "PriorityProtection",
    validate: (attributes) => {
      const { operation, group, resource, name } = attributes
      if (operation !== "DELETE" || group !== "scheduling.k8s.io" || resource !== "priorityclasses") return
      if (Object.hasOwn(systemPriorities, name)) {
        throw forbidden(attributes, "this is a system priority class and cannot be deleted")
      }
    },
  }
}
