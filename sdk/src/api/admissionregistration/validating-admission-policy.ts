import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, int64, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Condition } from "../meta/condition.ts"
import { policyFields } from "./admission-policy.ts"
import { MatchCondition } from "./webhook.ts"

const group = "io.k8s.api.admissionregistration.v1."

const Validation = named(
  `${group}Validation`,
  "An expression that must hold.",
  z.object({
    expression: required(text, "The expression, in CEL."),
    message: optional(text, "What to say when it does not hold."),
    reason: optional(text, "Unauthorized, Forbidden, Invalid or RequestEntityTooLarge."),
    messageExpression: optional(text, "An expression that makes the message."),
  }),
)
const AuditAnnotation = named(
  `${group}AuditAnnotation`,
  "What is noted of a request.",
  z.object({ key: required(text, "Key."), valueExpression: required(text, "An expression that makes the value.") }),
)
const ExpressionWarning = named(
  `${group}ExpressionWarning`,
  "A doubt about the types in an expression.",
  z.object({ fieldRef: required(text, "Path of the expression."), warning: required(text, "The doubt.") }),
)
const TypeChecking = named(
  `${group}TypeChecking`,
  "What checking the types of a policy's expressions found.",
  z.object({ expressionWarnings: optional(z.array(ExpressionWarning), "The doubts.", atomicList) }),
)

const status = named(
  `${group}ValidatingAdmissionPolicyStatus`,
  "What the server found of the policy.",
  z.object({
    observedGeneration: optional(int64, "Generation that was looked at."),
    typeChecking: optional(TypeChecking, "Types of its expressions."),
    conditions: optional(z.array(Condition), "Conditions.", mapList("type")),
  }),
)

export const ValidatingAdmissionPolicy = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  plural: "validatingadmissionpolicies",
  namespaced: false,
  description: "ValidatingAdmissionPolicy says in CEL which writes are refused.",
  schema: z.object({
    spec: optional(
      named(
        `${group}ValidatingAdmissionPolicySpec`,
        "What the policy asks.",
        z.object({
          ...policyFields,
          validations: optional(z.array(Validation), "What must hold.", atomicList),
          auditAnnotations: optional(z.array(AuditAnnotation), "What is noted.", atomicList),
          matchConditions: optional(z.array(MatchCondition), "Conditions before it is asked.", mapList("name")),
        }),
      ),
      "What the policy asks.",
    ),
    status: optional(status, "What the server found of it."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Validations", type: "integer", value: (policy) => policy.spec?.validations?.length ?? 0 },
    {
      name: "ParamKind",
      type: "string",
      value: ({ spec }) => (spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : "<unset>"),
    },
    age,
  ],
})
export type ValidatingAdmissionPolicy = KindOf<typeof ValidatingAdmissionPolicy>
