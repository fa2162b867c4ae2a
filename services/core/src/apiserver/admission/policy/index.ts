/**
 * Admission policies (admissionregistration.k8s.io/v1): rules in CEL that refuse or change writes, evaluated here
 * instead of asked of a program elsewhere. Mutating ones run one after the other, each seeing what those before it made;
 * validating ones judge what will be stored. The evaluator is loaded with the first policy that is bound.
 */
import type { AnyObject } from "@wick/sdk/api/kind"
import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../../mirror.ts"
import type { AdmissionAttributes, AdmissionStep } from "../step.ts"
import { boundPolicies, type Mutating, prefix, type Validating } from "./policy.ts"
import type { Authorize } from "./surroundings.ts"

export interface PolicyOptions {
  readonly storage: Storage
  readonly clock: Clock
  /** Answers what expressions ask of `authorizer`. */
  readonly authorize: Authorize
}

/** One step that does both: its mutations come at its place among the steps, its judgements after all mutations. */
export function createPolicyAdmission(options: PolicyOptions): AdmissionStep & { ready: Promise<void>; close(): void } {
  const { storage, clock } = options
  const mirror = createMirror<AnyObject>({ storage, prefix, decode: decodeJson, clock })
  const validating = boundPolicies<Validating>(mirror, "validatingadmissionpolicy")
  const mutating = boundPolicies<Mutating>(mirror, "mutatingadmissionpolicy")
  return {
    name: "AdmissionPolicies",
    ready: mirror.ready,
    mutate: (attributes) => {
      const bound = mutating()
      if (bound.length === 0 || isExempt(attributes)) return attributes.object
      return import("./mutate.ts").then(({ mutateAll }) => mutateAll(bound, attributes, options))
    },
    validate: (attributes) => {
      const bound = validating()
      if (bound.length === 0 || isExempt(attributes)) return
      return import("./validate.ts").then(({ validateAll }) => validateAll(bound, attributes, options))
    },
    close: () => mirror.close(),
  }
}

/** What a policy cannot stop: a broken one could not be taken out again; and questions about access store nothing. */
function isExempt({ group, resource }: AdmissionAttributes): boolean {
  return (
    group === "authentication.k8s.io" ||
    group === "authorization.k8s.io" ||
    (group === "admissionregistration.k8s.io" && resource !== "")
  )
}
