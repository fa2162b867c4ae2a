import type { AnyObject } from "@wick/sdk/api/kind"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import type { Validating } from "./policy.ts"

/** Says in a validating policy's status which of its expressions do not fit the kinds that it names. */
export function createPolicyTypeCheck(): AdmissionStep {
  return {
    name: "ValidatingAdmissionPolicyTypeCheck",
    mutate: async (attributes) => {
      const { object, served } = attributes
      if (!isPolicyWritten(attributes) || !object || !served) return object
      const { typeCheck } = await import("./type-check.ts")
      const typeChecking = typeCheck(object as unknown as Validating, served())
      return { ...object, status: { ...(object.status as object | undefined), typeChecking } } as AnyObject
    },
  }
}

function isPolicyWritten({ group, resource, subresource, operation }: AdmissionAttributes): boolean {
  const isPolicy = group === "admissionregistration.k8s.io" && resource === "validatingadmissionpolicies"
  return isPolicy && subresource === "" && (operation === "CREATE" || operation === "UPDATE")
}
