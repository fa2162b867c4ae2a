import { hostName } from "./host-name.ts"
import { type Weighted, WeightedChoice } from "./weighted-choice.ts"

/** What the table needs of a Route. */
export interface RouteView {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined }
  readonly status?:
    | {
        readonly url?: string | undefined
        readonly address?: { readonly url?: string | undefined } | undefined
        readonly traffic?: readonly TrafficView[] | undefined
      }
    | undefined
}

export interface TrafficView {
  readonly tag?: string | undefined
  readonly url?: string | undefined
  readonly revisionName?: string | undefined
  readonly percent?: number | undefined
}

/** Host → choice of revision, made from the Routes' status alone. `Target` is what the table's owner keeps per revision. */
export class RouteTable<Target> {
  readonly #hosts = new Map<string, WeightedChoice<Target>>()
  /** Hosts that each route put in, to take them out again. */
  readonly #owned = new Map<string, readonly string[]>()
  readonly #targetOf: (namespace: string, revision: string) => Target

  constructor(targetOf: (namespace: string, revision: string) => Target) {
    this.#targetOf = targetOf
  }

  /** The revision for the next request to `host` (as in the Host header, port and all). */
  choose(host: string): Target | undefined {
    return this.#hosts.get(hostName(host))?.next()
  }

  put(route: RouteView): void {
    const key = keyOf(route)
    this.#takeOut(key)
    const entries = this.#entriesOf(route)
    for (const [host, choice] of entries) this.#hosts.set(host, choice)
    this.#owned.set(key, [...entries.keys()])
  }

  remove(route: RouteView): void {
    const key = keyOf(route)
    this.#takeOut(key)
    this.#owned.delete(key)
  }

  /** Whether any host leads to the target. */
  leadsTo(target: Target): boolean {
    return this.#hosts.values().some((choice) => choice.has(target))
  }

  #takeOut(key: string): void {
    for (const host of this.#owned.get(key) ?? []) this.#hosts.delete(host)
  }

  #entriesOf(route: RouteView): Map<string, WeightedChoice<Target>> {
    const { status, metadata } = route
    const namespace = metadata.namespace ?? "default"
    const traffic = (status?.traffic ?? []).filter(({ revisionName }) => revisionName)
    const entries = new Map<string, WeightedChoice<Target>>()
    const weighted = traffic.map((part) => this.#weighted(namespace, part, part.percent ?? 0))
    const hosts = [hostOf(status?.url), ...shorterNames(hostOf(status?.address?.url))]
    for (const host of hosts) {
      if (host !== undefined && weighted.length > 0) entries.set(host, new WeightedChoice(weighted))
    }
    for (const part of traffic) {
      const host = hostOf(part.url)
      // A tag's own host always leads to its revision, even at 0 percent.
      if (part.tag && host) entries.set(host, new WeightedChoice([this.#weighted(namespace, part, 100)]))
    }
    return entries
  }

  #weighted(namespace: string, part: TrafficView, weight: number): Weighted<Target> {
    return { target: this.#targetOf(namespace, part.revisionName ?? ""), weight }
  }
}

function keyOf(route: RouteView): string {
  return `${route.metadata.namespace ?? "default"}/${route.metadata.name}`
}

function hostOf(url: string | undefined): string | undefined {
  if (!url) return undefined
  return hostName(url.replace(/^[a-z]+:\/\//, "").split("/")[0] ?? "")
}

/** A pod may leave the end of a name in the cluster to its resolver, and then sends it so: `app.ns.svc`, `app.ns`. */
function shorterNames(host: string | undefined): (string | undefined)[] {
  const parts = host?.split(".") ?? []
  return parts[2] === "svc" ? [host, parts.slice(0, 3).join("."), parts.slice(0, 2).join(".")] : [host]
}
