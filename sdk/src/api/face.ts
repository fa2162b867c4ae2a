import type { AnyObject, Kind } from "./kind.ts"

/**
 * Another version, or another group, in which the objects of a stored kind are served too: one object under two names.
 * The conversions are pure, give a new object, and lose nothing that they can keep.
 */
export interface Face {
  /** As it is served. */
  readonly kind: Kind
  readonly stored: Kind
  readonly toStored: (object: AnyObject) => AnyObject
  readonly fromStored: (object: AnyObject) => AnyObject
  /** Selectable fields of the face whose path in the stored kind is another. */
  readonly fieldPaths: Readonly<Record<string, string>>
}

/** The object with its fields under other names; what is not listed is dropped. */
export function renamed(
  object: Readonly<Record<string, unknown>>,
  names: Iterable<readonly [from: string, to: string]>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [from, to] of names) if (object[from] !== undefined) result[to] = object[from]
  return result
}
