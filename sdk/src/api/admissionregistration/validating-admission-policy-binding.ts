import * as z from "zod"
import { age } from "../column.ts"
import { named, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { bindingFields } from "./admission-policy.ts"

export const ValidatingAdmissionPolicyBinding = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  namespaced: false,
  description: "ValidatingAdmissionPolicyBinding puts a policy in force, with its parameters.",
  schema: z.object({
    spec: optional(
      named(
        "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec",
        "How the policy is bound.",
        z.object({
          ...bindingFields,
          validationActions: optional(
            z.array(z.enum(["Deny", "Warn", "Audit"])),
            "What follows when a validation does not hold.",
            { "x-kubernetes-list-type": "set" },
          ),
        }),
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
export type ValidatingAdmissionPolicyBinding = KindOf<typeof ValidatingAdmissionPolicyBinding>
