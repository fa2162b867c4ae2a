import * as z from "zod"
import { age } from "../column.ts"
import { named, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { bindingFields } from "./admission-policy.ts"

export const MutatingAdmissionPolicyBinding = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicyBinding",
  plural: "mutatingadmissionpolicybindings",
  namespaced: false,
  description: "MutatingAdmissionPolicyBinding puts a policy in force, with its parameters.",
  schema: z.object({
    spec: optional(
      named(
        "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBindingSpec",
        "How the policy is bound.",
        z.object(bindingFields),
      ),
      "How the policy is bound.",
    ),
  }),
  columns: [
    { name: "PolicyName", type: "string", value: ({ spec }) => spec?.policyName ?? "" },
    {
      name: "ParamRef",
      type: "string",
      value: ({ spec }) =>
        spec?.paramRef?.name ? `${spec.paramRef.namespace ?? "*"}/${spec.paramRef.name}` : "<unset>",
    },
    age,
  ],
})
export type MutatingAdmissionPolicyBinding = KindOf<typeof MutatingAdmissionPolicyBinding>
