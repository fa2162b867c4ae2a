import { newestFirst } from "../discovery.ts"

interface Names {
  readonly group: string
  readonly names: { readonly kind: string }
  readonly versions: readonly {
    readonly name: string
    readonly served: boolean
    readonly deprecated?: boolean | undefined
  }[]
}

/** What whoever uses a deprecated version is told: its author's words, or which version to use instead. */
export function deprecationWarning(
  { group, names, versions }: Names,
  { name, deprecationWarning }: { name: string; deprecationWarning?: string | undefined },
): string {
  if (deprecationWarning !== undefined) return deprecationWarning
  const text = `${group}/${name} ${names.kind} is deprecated`
  const [best] = versions
    .filter(({ served, deprecated }) => served && deprecated !== true)
    .map((version) => version.name)
    .toSorted(newestFirst)
  if (best === undefined || newestFirst(best, name) >= 0) return text
  return `${text}; use ${group}/${best} ${names.kind}`
}
