/** What a merge patch must say so that `before` becomes `after`; undefined when they are equal already. */
export function statusPatch(before: object | undefined, after: object): object | undefined {
  const patch: Record<string, unknown> = {}
  const old = (before ?? {}) as Record<string, unknown>
  const next = after as Record<string, unknown>
  for (const [name, value] of Object.entries(next)) {
    if (value !== undefined && JSON.stringify(old[name]) !== JSON.stringify(value)) patch[name] = value
  }
  for (const name of Object.keys(old)) if (next[name] === undefined) patch[name] = null
  return Object.keys(patch).length === 0 ? undefined : { status: patch }
}
