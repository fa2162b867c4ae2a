import type { RemoteVersion } from "./aggregation/index.ts"
import { type Priority, priorityOf } from "./aggregation/priority.ts"
import type { ResourceRegistry } from "./resource-registry.ts"
import type { ServedResource } from "./served-resource.ts"
import type { VirtualResource } from "./virtual-resource.ts"

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
const readVerbs = ["get", "list"]
const proxyVerbs = ["create", "delete", "get", "patch", "update"]
const statusVerbs = ["get", "patch", "update"]

/** Subresources of built-in kinds beside status and scale. */
const extras: Record<string, { name: string; kind: string; group?: string; version?: string; verbs: string[] }[]> = {
  pods: [
    { name: "binding", kind: "Binding", verbs: ["create"] },
    { name: "eviction", kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
    { name: "ephemeralcontainers", kind: "Pod", verbs: statusVerbs },
    { name: "resize", kind: "Pod", verbs: statusVerbs },
    { name: "proxy", kind: "PodProxyOptions", verbs: proxyVerbs },
    { name: "log", kind: "Pod", verbs: ["get"] },
    { name: "exec", kind: "PodExecOptions", verbs: ["create", "get"] },
    { name: "attach", kind: "PodAttachOptions", verbs: ["create", "get"] },
    { name: "portforward", kind: "PodPortForwardOptions", verbs: ["create", "get"] },
  ],
  services: [{ name: "proxy", kind: "ServiceProxyOptions", verbs: proxyVerbs }],
  nodes: [{ name: "proxy", kind: "NodeProxyOptions", verbs: proxyVerbs }],
  "certificatesigningrequests.certificates.k8s.io": [
    { name: "approval", kind: "CertificateSigningRequest", verbs: statusVerbs },
  ],
  namespaces: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
  serviceaccounts: [
    { name: "token", kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] },
  ],
}

interface GroupVersions {
  readonly group: string
  readonly versions: string[]
}

/** What of discovery depends on others: versions that other servers answer for, and the order of all. */
export interface Surroundings {
  remoteVersions(): readonly RemoteVersion[]
  priority(group: string, version: string, custom: boolean): Priority
}

const alone: Surroundings = { remoteVersions: () => [], priority: priorityOf }

/** What the API serves, in the forms in which clients ask: group lists, resource lists, and all at once (v2). */
export class Discovery {
  readonly #registry: ResourceRegistry
  readonly #virtual: readonly VirtualResource[]

  readonly #surroundings: Surroundings

  constructor(registry: ResourceRegistry, virtual: readonly VirtualResource[], surroundings: Surroundings = alone) {
    this.#registry = registry
    this.#virtual = virtual
    this.#surroundings = surroundings
  }

  /** Every version that this server answers for itself. */
  own(): { group: string; version: string; custom: boolean }[] {
    const found = new Map<string, { group: string; version: string; custom: boolean }>()
    for (const { group, version } of this.#virtual) found.set(`${group}/${version}`, { group, version, custom: false })
    for (const { group, version, custom } of this.#registry.all()) {
      const before = found.get(`${group}/${version}`)
      found.set(`${group}/${version}`, { group, version, custom: custom && (before?.custom ?? true) })
    }
    return [...found.values()]
  }

  /** The document at a discovery path; undefined when it is none. */
  document(path: string, accept: string): object | undefined {
    const aggregated = accept.includes("g=apidiscovery.k8s.io") && accept.includes("v=v2;")
    if (path === "/api") return aggregated ? this.#aggregated([""]) : this.#coreVersions()
    if (path === "/apis")
      return aggregated ? this.#aggregated(this.#namedGroups().map(({ group }) => group)) : this.#groupList()
    const [, root, first = "", second, ...rest] = path.split("/")
    if (rest.length > 0) return undefined
    if (root === "api" && second === undefined) return this.#resourceList("", first)
    if (root !== "apis") return undefined
    if (second === undefined) return this.#group(first)
    return this.#resourceList(first, second)
  }

  #groups(): GroupVersions[] {
    const found = new Map<string, Map<string, Priority>>()
    const all = [...this.own(), ...this.#surroundings.remoteVersions().map((each) => ({ ...each, custom: false }))]
    for (const { group, version, custom } of all) {
      const versions = found.get(group) ?? new Map()
      found.set(group, versions.set(version, this.#surroundings.priority(group, version, custom)))
    }
    const highest = (versions: ReadonlyMap<string, Priority>): number =>
      Math.max(...[...versions.values()].map((priority) => priority.group))
    return [...found]
      .toSorted(([one, a], [other, b]) => highest(b) - highest(a) || (one < other ? -1 : 1))
      .map(([group, versions]) => ({
        group,
        versions: [...versions]
          .toSorted(([one, a], [other, b]) => b.version - a.version || newestFirst(one, other))
          .map(([version]) => version),
      }))
  }

  #namedGroups(): GroupVersions[] {
    return this.#groups().filter(({ group }) => group !== "")
  }

  #coreVersions(): object {
    return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }
  }

  #groupList(): object {
    return { kind: "APIGroupList", apiVersion: "v1", groups: this.#namedGroups().map(describeGroup) }
  }

  #group(name: string): object | undefined {
    const found = this.#namedGroups().find(({ group }) => group === name)
    return found && { kind: "APIGroup", apiVersion: "v1", ...describeGroup(found) }
  }

  #resourceList(group: string, version: string): object | undefined {
    const resources = this.#entries(group, version)
    if (resources.length === 0) return undefined
    const groupVersion = group === "" ? version : `${group}/${version}`
    return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: resources.flatMap(legacy) }
  }

  #aggregated(groups: readonly string[]): object {
    const wanted = this.#groups().filter(({ group }) => groups.includes(group))
    const remote = this.#surroundings.remoteVersions()
    return {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: wanted.map(({ group, versions }) => ({
        metadata: { name: group, creationTimestamp: null },
        versions: versions.map((version) => {
          const other = remote.find((each) => each.group === group && each.version === version)
          return {
            version,
            freshness: other?.freshness ?? "Current",
            resources: other?.resources ?? this.#entries(group, version).map((entry) => modern(entry, group, version)),
          }
        }),
      })),
    }
  }

  #entries(group: string, version: string): Entry[] {
    const served = this.#registry.all().filter((resource) => resource.group === group && resource.version === version)
    const virtual = this.#virtual.filter((it) => it.group === group && it.version === version && it.subresource === "")
    return [...served.map(entryOf), ...virtual.map(virtualEntry)].toSorted((a, b) => (a.plural < b.plural ? -1 : 1))
  }
}

interface Entry {
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly {
    name: string
    kind: string
    group?: string
    version?: string
    verbs: readonly string[]
  }[]
}

function entryOf(resource: ServedResource): Entry {
  const { group, plural, singular, kind, namespaced, shortNames, categories, status, scale, custom } = resource
  const subresources = [
    ...(status ? [{ name: "status", kind, verbs: statusVerbs }] : []),
    ...(scale ? [{ name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: statusVerbs }] : []),
    ...(custom ? [] : (extras[group === "" ? plural : `${plural}.${group}`] ?? [])),
  ]
  const own = resource.computed ? readVerbs : verbs
  return { plural, singular, kind, namespaced, verbs: own, shortNames, categories, subresources }
}

function virtualEntry({ resource, kind, namespaced }: VirtualResource): Entry {
  const singular = kind.toLowerCase()
  return {
    plural: resource,
    singular,
    kind,
    namespaced,
    verbs: ["create"],
    shortNames: [],
    categories: [],
    subresources: [],
  }
}

function legacy({
  plural,
  singular,
  kind,
  namespaced,
  verbs: own,
  shortNames,
  categories,
  subresources,
}: Entry): object[] {
  const lists = { ...(shortNames.length > 0 && { shortNames }), ...(categories.length > 0 && { categories }) }
  return [
    { name: plural, singularName: singular, namespaced, kind, verbs: own, ...lists },
    ...subresources.map(({ name, ...sub }) => ({ name: `${plural}/${name}`, singularName: "", namespaced, ...sub })),
  ]
}

function modern(entry: Entry, group: string, version: string): object {
  const { plural, singular, kind, namespaced, verbs: own, shortNames, categories, subresources } = entry
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: own,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((sub) => ({
        subresource: sub.name,
        responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
        verbs: sub.verbs,
      })),
    }),
  }
}

function describeGroup({ group, versions }: GroupVersions): object {
  const all = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: all, preferredVersion: all[0] }
}

/** v2, v1, v1beta2, v1beta1, v1alpha1: stable before beta before alpha, newer before older. */
export function newestFirst(a: string, b: string): number {
  return rank(b) - rank(a)
}

function rank(version: string): number {
  const [, major = "0", stage = "", minor = "0"] = /^v(\d+)(alpha|beta)?(\d+)?$/.exec(version) ?? []
  const stages: Record<string, number> = { "": 2, beta: 1, alpha: 0 }
  return (stages[stage] ?? 0) * 1_000_000 + Number(major) * 1_000 + Number(minor)
}
