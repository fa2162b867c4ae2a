import type { FieldError } from "../meta/field-error.ts"

/**
 * A schema made ready to walk objects with: references followed, lookups in maps, validations as closures. Made once
 * per schema; shapes point at each other, also in circles, as the schemas do.
 */
export interface Shape {
  readonly properties: ReadonlyMap<string, Shape>
  /** Shape of properties that are not named; "any" leaves them alone, "none" knows no others. */
  readonly additional: Shape | "any" | "none"
  readonly items: Shape | undefined
  /** Unknown fields stay. */
  readonly open: boolean
  readonly nullable: boolean
  /** Absent: no default. Cloned for each object that it goes into. */
  readonly defaultValue: unknown
  /** Properties with a default, which have to be looked for even where an object lacks them. */
  readonly defaulted: readonly (readonly [name: string, shape: Shape])[]
  readonly validate: Check
}

/** Finds fault with a value, and says it in `walk.errors`. */
export type Check = (value: unknown, walk: Walk) => void

/**
 * Where a walk is. One stack of path segments for the whole walk, put together to a string only for an error: an object
 * without mistakes costs no strings, and a stack that is never cut costs no memory on the way back.
 */
export interface Walk {
  /** The first `depth` of them are where the walk is; the rest is left over. */
  readonly path: (string | number)[]
  depth: number
  readonly errors: FieldError[]
}

export type Json = Record<string, unknown>

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** `spec.containers[0].image`; keys that could be mistaken for a path are put in brackets: `labels[app.io/name]`. */
export function pathText(path: readonly (string | number)[]): string {
  let text = ""
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`
    // The first one may be a path itself, from which a walk began.
    else if (text !== "" && /[.[\]/]/.test(segment)) text += `[${segment}]`
    else text += text === "" ? segment : `.${segment}`
  }
  return text
}

/** The path of where a walk is. */
export function placeText({ path, depth }: Walk): string {
  return pathText(path.slice(0, depth))
}

/** Runs `check` one step further down. */
export function descend(check: Check, segment: string | number, value: unknown, walk: Walk): void {
  walk.path[walk.depth++] = segment
  check(value, walk)
  walk.depth--
}

export function report(walk: Walk, type: FieldError["type"], detail: string, value?: unknown): void {
  walk.errors.push({ type, field: placeText(walk), detail, ...(value !== undefined && { value }) })
}

/** Most of Kubernetes' texts begin with the path again: `spec.replicas in body must be of type integer: "string"`. */
export function reportInBody(walk: Walk, type: FieldError["type"], text: string, value: unknown): void {
  report(walk, type, `${placeText(walk)} in body ${text}`, value)
}
