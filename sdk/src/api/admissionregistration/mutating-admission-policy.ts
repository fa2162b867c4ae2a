import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, defaulted, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { policyFields } from "./admission-policy.ts"
import { MatchCondition } from "./webhook.ts"

const group = "io.k8s.api.admissionregistration.v1."

const Mutation = named(
  `${group}Mutation`,
  "One change of the object.",
  z.object({
    patchType: required(z.enum(["ApplyConfiguration", "JSONPatch"]), "How the change is written."),
    applyConfiguration: optional(
      named(
        `${group}ApplyConfiguration`,
        "Fields that are merged into the object.",
        z.object({ expression: optional(text, "An expression that makes an Object.") }),
      ),
      "Fields to merge.",
    ),
    jsonPatch: optional(
      named(
        `${group}JSONPatch`,
        "Operations on the object.",
        z.object({ expression: optional(text, "An expression that makes a list of JSONPatch.") }),
      ),
      "Operations.",
    ),
  }),
)

export const MutatingAdmissionPolicy = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicy",
  plural: "mutatingadmissionpolicies",
  namespaced: false,
  description: "MutatingAdmissionPolicy says in CEL how objects are changed before they are stored.",
  schema: z.object({
    spec: optional(
      named(
        `${group}MutatingAdmissionPolicySpec`,
        "What the policy changes.",
        z.object({
          ...policyFields,
          mutations: optional(z.array(Mutation), "The changes, in order.", atomicList),
          matchConditions: optional(z.array(MatchCondition), "Conditions before it is asked.", mapList("name")),
          reinvocationPolicy: defaulted(
            z.enum(["Never", "IfNeeded"]),
            "Never",
            "Whether to ask again after later changes.",
          ),
        }),
      ),
      "What the policy changes.",
    ),
  }),
  columns: [
    { name: "Mutations", type: "integer", value: (policy) => policy.spec?.mutations?.length ?? 0 },
    {
      name: "ParamKind",
      type: "string",
      value: ({ spec }) => (spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : "<unset>"),
    },
    age,
  ],
})
export type MutatingAdmissionPolicy = KindOf<typeof MutatingAdmissionPolicy>
