import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { AnyObject, KindOf } from "@wick/sdk/api/kind"
import { describeFieldError, type FieldError } from "@wick/sdk/api/meta/field-error"
import type { JsonSchema } from "@wick/sdk/api/structural"
import type { CompiledRules } from "@wick/sdk/api/validation-rules"
import { jsonEqual } from "./patch/json-value.ts"
import type { ServedResource } from "./served-resource.ts"
import { mistakesOf } from "./validate-object.ts"

type Definition = KindOf<typeof CustomResourceDefinition>

/** Rules by the schema that has them; they go when its definition does. */
const compiled = new WeakMap<JsonSchema, CompiledRules | undefined>()

/**
 * Every mistake in an object that will be stored. Of a custom resource, rules in CEL are judged once its schema finds
 * no fault, and what an update leaves as wrong as it was is let pass, so that a stricter schema does not stop all work
 * on old objects.
 */
export async function judge(
  resource: ServedResource,
  object: AnyObject,
  old: AnyObject | undefined,
): Promise<FieldError[]> {
  const mistakes = mistakesOf(resource, object)
  if (resource.plural === CustomResourceDefinition.plural && resource.group === CustomResourceDefinition.group) {
    return mistakes.length > 0 ? mistakes : await mistakesOfDefinition(object, old)
  }
  if (mistakes.length === 0 && hasExpressions(resource, object)) {
    const { mistakesOfExpressions } = await import("./admission/policy/mistakes.ts")
    return mistakesOfExpressions(object, old)
  }
  if (!resource.custom) return mistakes
  const left = old && mistakes.length > 0 ? withoutOld(mistakes, mistakesOf(resource, old), object, old) : mistakes
  if (left.length > 0 || !hasRules(resource.schema)) return left
  const { compileRules, runRules } = await import("@wick/sdk/api/validation-rules")
  if (!compiled.has(resource.schema)) compiled.set(resource.schema, compileRules(resource.schema, "").rules)
  const rules = compiled.get(resource.schema)
  return rules ? runRules(rules, object, old) : []
}

/** Policies always; of webhooks only those few that have conditions. */
function hasExpressions({ group, plural }: ServedResource, { webhooks }: AnyObject): boolean {
  if (group !== "admissionregistration.k8s.io") return false
  if (plural.endsWith("admissionpolicies")) return true
  return Array.isArray(webhooks) && webhooks.some((webhook) => webhook.matchConditions?.length > 0)
}

async function mistakesOfDefinition(object: AnyObject, old: AnyObject | undefined): Promise<FieldError[]> {
  const { versions } = (object as unknown as Definition).spec
  const before = old && (old as unknown as Definition).spec.versions
  if (!versions.some(({ schema }) => hasRules(schema?.openAPIV3Schema)) || jsonEqual(versions, before)) return []
  const { compileRules } = await import("@wick/sdk/api/validation-rules")
  return versions.flatMap(({ schema }, index) => {
    // The schema of an only version is named as Kubernetes does, which keeps it in one place for all versions.
    const at =
      versions.length === 1 ? "spec.validation.openAPIV3Schema" : `spec.versions[${index}].schema.openAPIV3Schema`
    return compileRules((schema?.openAPIV3Schema ?? {}) as JsonSchema, at).errors
  })
}

const known = new WeakMap<object, boolean>()

/** Looked up on every write, so remembered. */
function hasRules(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false
  const already = known.get(schema)
  if (already !== undefined) return already
  const found =
    Object.hasOwn(schema, "x-kubernetes-validations") || Object.values(schema).some((part) => hasRules(part))
  known.set(schema, found)
  return found
}

function withoutOld(
  mistakes: readonly FieldError[],
  before: readonly FieldError[],
  object: AnyObject,
  old: AnyObject,
): FieldError[] {
  const texts = new Set(before.map(describeFieldError))
  return mistakes.filter((mistake) => {
    if (!texts.has(describeFieldError(mistake))) return true
    const path = segments(mistake.field)
    // What is missing is a mistake of what it is missing in.
    const at = mistake.type === "Required" ? path.slice(0, -1) : path
    return !jsonEqual(valueAt(object, at), valueAt(old, at))
  })
}

/** `spec.list[0].labels[a/b]` in its parts. */
function segments(field: string): string[] {
  return [...field.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map(([, bracketed, plain]) => bracketed ?? plain ?? "")
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
