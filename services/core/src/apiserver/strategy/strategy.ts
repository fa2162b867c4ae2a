import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { FieldSet } from "../patch/field-set.ts"

/** What is special about a kind, beyond what its schema says. Every part is optional and pure but for `allocate`. */
export interface Strategy {
  /** Fills in what depends on other fields, in place, before validation. */
  prepareCreate?(object: AnyObject, nowMs: number): void
  /** What `prepareCreate` puts in for the server's own ends, so that its creator does not own it: these fields, or all. */
  readonly serverFills?: FieldSet | "all"
  prepareUpdate?(object: AnyObject, old: AnyObject, nowMs: number, subresource: string): void
  /** Rules across fields. `old` is absent for a creation. */
  validate?(object: AnyObject, old: AnyObject | undefined, subresource?: string): FieldError[]
  /** For a part with a path of its own: the live object with what may be written there; undefined for another part. */
  writablePart?(wanted: AnyObject, live: AnyObject, subresource: string): AnyObject | undefined
  /** Rules for a write to the status alone, in which nothing else has changed. */
  validateStatus?(object: AnyObject, old: AnyObject): FieldError[]
  /** Seconds that the object may still need to end, given what was asked for; 0 removes it at once. */
  graceSeconds?(object: AnyObject, asked: number | undefined): number
  /** What an object is while it waits for its removal. */
  markDeleting?(object: AnyObject): void
  /** Whether something beside finalizers still holds the object. */
  isHeld?(object: AnyObject): boolean
  /** Takes what must be unique over all objects (an address), just before the write; returns what to call after it. */
  allocate?(object: AnyObject, old: AnyObject | undefined): Promise<() => void>
}

export type Strategies = ReadonlyMap<string, Strategy>

const plain: Strategy = {}

/** The strategy of a resource, named `plural.group`. */
export function strategyOf(strategies: Strategies, resource: { plural: string; group: string }): Strategy {
  return strategies.get(resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`) ?? plain
}
