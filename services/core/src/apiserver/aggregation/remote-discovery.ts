/** What an extension server says that it serves, in a version of a group: the form of old, which all of them speak. */
export interface RemoteResource {
  readonly name: string
  readonly singularName?: string
  readonly namespaced: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

/** Pure: the resources of an APIResourceList; undefined when the answer is none. */
export function resourcesOf(answer: unknown): RemoteResource[] | undefined {
  const resources = (answer as { resources?: unknown } | null)?.resources
  if (!Array.isArray(resources)) return undefined
  return resources.filter(
    (each): each is RemoteResource =>
      typeof each === "object" && each !== null && typeof each.name === "string" && Array.isArray(each.verbs),
  )
}

/** Pure: the same in the words of aggregated discovery, where subresources stand within their resource. */
export function aggregatedResources(group: string, version: string, resources: readonly RemoteResource[]): object[] {
  const kindOf = (each: RemoteResource): object => ({
    group: each.group ?? group,
    version: each.version ?? version,
    kind: each.kind,
  })
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map((each) => {
      const { name, namespaced, singularName = "", verbs, shortNames = [], categories = [] } = each
      const below = resources.filter((other) => other.name.startsWith(`${name}/`))
      return {
        resource: name,
        responseKind: kindOf(each),
        scope: namespaced ? "Namespaced" : "Cluster",
        singularResource: singularName,
        verbs,
        ...(shortNames.length > 0 && { shortNames }),
        ...(categories.length > 0 && { categories }),
        ...(below.length > 0 && {
          subresources: below.map((sub) => ({
            subresource: sub.name.slice(name.length + 1),
            responseKind: kindOf(sub),
            verbs: sub.verbs,
          })),
        }),
      }
    })
}
