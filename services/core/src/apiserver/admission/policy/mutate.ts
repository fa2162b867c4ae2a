import { CelError, isList, isMap, toJson, type Value } from "@wick/sdk/api/cel"
import type { AnyObject } from "@wick/sdk/api/kind"
import { applyJsonPatch } from "../../patch/json-patch.ts"
import { jsonEqual } from "../../patch/json-value.ts"
import { backFrom, underName } from "../equivalent.ts"
import { forbidden } from "../forbidden.ts"
import type { AdmissionAttributes } from "../step.ts"
import { applyConfiguration } from "./apply-configuration.ts"
import { asking } from "./evaluate.ts"
import type { PolicyOptions } from "./index.ts"
import { concern } from "./match.ts"
import { ConfigurationError, paramsOf } from "./params.ts"
import type { Bound, Mutating } from "./policy.ts"

/**
 * The object after every policy in force. One that asks to be reinvoked if needed is asked once more when a later one
 * changed the object, and only once: two that undo each other's work would go on for ever.
 */
export async function mutateAll(
  bound: readonly Bound<Mutating>[],
  attributes: AdmissionAttributes,
  options: PolicyOptions,
): Promise<AnyObject | undefined> {
  let { object } = attributes
  const seenBefore = new Set<Bound<Mutating>>()
  const again = new Set<Bound<Mutating>>()
  for (const round of ["first", "again"] as const) {
    for (const each of bound) {
      if (round === "again" && !again.has(each)) continue
      const current = { ...attributes, object }
      const name = object && (await concern(each, current, options.storage))
      if (!name) continue
      const seen = await underName(current, name)
      const next = seen.object && (await mutated(each, seen, seen.object, options))
      const changed = !jsonEqual(seen.object, next)
      if (changed) object = await backFrom(name, next)
      if (round === "again") continue
      if (changed) for (const earlier of seenBefore) again.add(earlier)
      if (each.policy.spec?.reinvocationPolicy === "IfNeeded") seenBefore.add(each)
    }
  }
  return object
}

/** All of a policy's changes or, when one of them fails, none of them. */
async function mutated(
  bound: Bound<Mutating>,
  attributes: AdmissionAttributes,
  original: AnyObject,
  options: PolicyOptions,
): Promise<AnyObject> {
  const { policy, binding } = bound
  try {
    let object = original
    for (const params of await paramsOf(bound, attributes.namespace, options.storage)) {
      for (const [index, mutation] of (policy.spec?.mutations ?? []).entries()) {
        // Each change sees what those before it made.
        const asked = await asking(policy, { ...attributes, object }, params, options)
        if (asked.compiled.errors.length > 0) throw new ConfigurationError(asked.compiled.errors[0]?.detail)
        if (!asked.conditionsHold()) break
        const program = asked.compiled.mutations[index]
        if (!program) continue
        const value = asked.evaluate(program)
        object = mutation.patchType === "JSONPatch" ? patched(object, value) : merged(object, value, attributes)
      }
    }
    return object
  } catch (error) {
    if (!isOwn(error)) throw error
    if (policy.spec?.failurePolicy === "Ignore") return original
    const what = error instanceof ConfigurationError ? "failed to configure binding: " : ""
    const title = `policy '${policy.metadata.name}' with binding '${binding.metadata.name}'`
    throw forbidden(attributes, `${title} denied request: ${what}${error.message}`)
  }
}

function isOwn(error: unknown): error is Error {
  return error instanceof CelError || error instanceof ConfigurationError
}

const identity = [
  "name",
  "namespace",
  "uid",
  "generateName",
  "creationTimestamp",
  "resourceVersion",
  "generation",
] as const

function merged(object: AnyObject, value: Value, { schema }: AdmissionAttributes): AnyObject {
  if (value === null || typeof value !== "object" || !isMap(value) || value.type !== "Object") {
    throw new CelError("must evaluate to Object")
  }
  return guarded(object, applyConfiguration(object, toJson(value), schema) as AnyObject)
}

function patched(object: AnyObject, value: Value): AnyObject {
  if (!isList(value)) throw new CelError("must evaluate to a list of JSONPatch")
  const operations = value.map(toJson)
  try {
    return guarded(object, applyJsonPatch(object, operations) as AnyObject)
  } catch (error) {
    if (isOwn(error)) throw error
    throw new CelError(`JSON Patch: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Which object it is, no policy changes. */
function guarded(before: AnyObject, after: AnyObject): AnyObject {
  const isSame =
    before.apiVersion === after.apiVersion &&
    before.kind === after.kind &&
    typeof after.metadata === "object" &&
    identity.every((field) => before.metadata[field] === after.metadata[field])
  if (!isSame) throw new CelError("a policy may not change apiVersion, kind or the identity of an object")
  return after
}
