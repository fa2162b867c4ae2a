import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../../patch/json-value.ts"
import { compileConditions, compilePolicy } from "./compile.ts"
import type { Policy } from "./policy.ts"

/** Mistakes in the expressions of a policy, or of a configuration of webhooks. Expressions that stay are not judged anew. */
export function mistakesOfExpressions(object: AnyObject, old: AnyObject | undefined): FieldError[] {
  if (Array.isArray(object.webhooks)) return mistakesOfWebhooks(object, old)
  if (old && jsonEqual(object.spec, old.spec)) return []
  const policy = object as unknown as Policy
  const { paramKind, matchConstraints } = policy.spec ?? {}
  const errors: FieldError[] = []
  const required = (field: string, detail: string): number => errors.push({ type: "Required", field, detail })
  if (!matchConstraints) required("spec.matchConstraints", "")
  else if (!matchConstraints.resourceRules?.length) required("spec.matchConstraints.resourceRules", "")
  if (paramKind && !paramKind.apiVersion) required("spec.paramKind.apiVersion", "")
  if (paramKind && !paramKind.kind) required("spec.paramKind.kind", "")
  const {
    validations = [],
    auditAnnotations = [],
    mutations = [],
  } = (policy.spec ?? {}) as Readonly<Record<string, unknown[]>>
  if (object.kind === "ValidatingAdmissionPolicy" && validations.length + auditAnnotations.length === 0) {
    required("spec.validations", "validations or auditAnnotations must contain at least one item")
  }
  if (object.kind === "MutatingAdmissionPolicy" && mutations.length === 0) {
    required("spec.mutations", "mutations must contain at least one item")
  }
  return [...errors, ...compilePolicy(policy).errors]
}

interface Webhook {
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[]
}

function mistakesOfWebhooks({ webhooks }: AnyObject, old: AnyObject | undefined): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, webhook] of (webhooks as readonly Webhook[]).entries()) {
    const before = (old?.webhooks as readonly Webhook[] | undefined)?.[index]
    if (!webhook.matchConditions?.length || jsonEqual(webhook.matchConditions, before?.matchConditions)) continue
    compileConditions(webhook.matchConditions, `webhooks[${index}].matchConditions`, errors)
  }
  return errors
}
