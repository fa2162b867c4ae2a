import { type AnyObject, builtinKinds, describeFieldError, openapiSchema } from "@wick/sdk/api"
import { compileSchema } from "@wick/sdk/api/structural"
import type { Strategy } from "../strategy/strategy.ts"

const nowMs = Date.UTC(2026, 0, 1)

/** An object of a built-in kind as its strategy leaves it, defaults and all. */
export function prepared(kind: string, strategy: Strategy, fields: object, old?: AnyObject): AnyObject {
  const declared = builtinKinds.find((each) => each.kind === kind)
  if (!declared) throw new Error(`no built-in kind is called ${kind}`)
  const { schema, components } = openapiSchema(declared)
  const compiled = compileSchema(schema, components)
  const object = {
    apiVersion: declared.apiVersion,
    kind,
    metadata: { name: "web", namespace: "default", uid: "3b9a" },
    ...structuredClone(fields),
  } as AnyObject
  compiled.default(object)
  if (old) strategy.prepareUpdate?.(object, old, nowMs, "")
  else strategy.prepareCreate?.(object, nowMs)
  compiled.default(object)
  return object
}

/** What the strategy says of an object, or of its change from `old`, in the words that a client reads. */
export function judged(kind: string, strategy: Strategy, fields: object, old?: object): string[] {
  const before = old && prepared(kind, strategy, old)
  const object = prepared(kind, strategy, fields, before)
  return (strategy.validate?.(object, before) ?? []).map(describeFieldError)
}
