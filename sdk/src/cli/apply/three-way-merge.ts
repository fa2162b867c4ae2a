import { isDeepStrictEqual } from "node:util"

type Json = Readonly<Record<string, unknown>>

/**
 * The JSON merge patch that makes `current` what `wanted` says: what `original` said and `wanted` no longer does is
 * taken away, what neither mentions stays. Lists are replaced whole. Pure; empty when there is nothing to do.
 */
export function threeWayMerge(original: Json | undefined, wanted: Json, current: Json): Json {
  const patch: Record<string, unknown> = {}
  for (const key of Object.keys(original ?? {})) {
    if (key in wanted || !(key in current)) continue
    patch[key] = withoutFormer(original?.[key], current[key])
  }
  for (const [key, value] of Object.entries(wanted)) {
    const before = current[key]
    if (isMap(value) && isMap(before)) {
      const former = original?.[key]
      const inner = threeWayMerge(isMap(former) ? former : undefined, value, before)
      if (Object.keys(inner).length > 0) patch[key] = inner
    } else if (!isDeepStrictEqual(value, before)) patch[key] = value
  }
  return patch
}

/** Of a map that is said no more, only what was said goes: others may have added to it. */
function withoutFormer(former: unknown, current: unknown): unknown {
  if (!isMap(former) || !isMap(current)) return null
  const patch = threeWayMerge(former, {}, current)
  return Object.keys(current).every((key) => patch[key] === null) ? null : patch
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
