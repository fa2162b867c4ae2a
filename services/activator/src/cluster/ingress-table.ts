import { hostName } from "./host-name.ts"
import { type Asked, HostRule, type Passage, type Targets } from "./host-rule.ts"
import { type IngressView, ingressKey, isOurs } from "./ingress-view.ts"

/** What one Ingress says of one host. */
interface Claim<Target> {
  readonly key: string
  /** Of several Ingresses with one host the oldest serves it. */
  readonly order: string
  readonly rule: HostRule<Target>
}

type Hosts<Target> = Map<string, Claim<Target>[]>

interface Held<Target> {
  readonly uid: string
  readonly generation: number | undefined
  readonly hosts: readonly string[]
  readonly rules: readonly HostRule<Target>[]
  readonly targets: readonly Target[]
}

/**
 * Host → where its requests go, made from Ingresses alone. An Ingress that claims a host which an older one has waits
 * behind it, and neither takes the other's away. `Target` is what the table's owner keeps per revision.
 */
export class IngressTable<Target> {
  /** By who may ask: everybody, or only callers inside the cluster, who see all. */
  readonly #external: Hosts<Target> = new Map()
  readonly #local: Hosts<Target> = new Map()
  readonly #held = new Map<string, Held<Target>>()
  readonly #targets: Targets<Target>

  constructor(targets: Targets<Target>) {
    this.#targets = targets
  }

  /** Where the next request to `host` (as in the Host header, port and all) goes. */
  choose(host: string, asked: Asked, isLocal: boolean): Passage<Target> | undefined {
    const hosts = isLocal ? this.#local : this.#external
    // What is led on is led on by the platform, so it may reach what only the cluster sees.
    return hosts.get(hostName(host))?.[0]?.rule.choose(asked, this.#inside)
  }

  readonly #inside = (host: string): HostRule<Target> | undefined => this.#local.get(hostName(host))?.[0]?.rule

  put(ingress: IngressView): void {
    if (!isOurs(ingress)) {
      this.remove(ingress)
      return
    }
    const { uid, generation, creationTimestamp = "" } = ingress.metadata
    const key = ingressKey(ingress)
    const held = this.#held.get(key)
    // Only its status has changed: whose turn it is is not forgotten for that.
    if (held !== undefined && held.uid === uid && generation !== undefined && held.generation === generation) return
    this.#takeOut(key)
    const order = `${creationTimestamp} ${key}`
    const claimed = new Set<string>()
    const rules = (ingress.spec?.rules ?? []).map((one) => {
      const isExternal = one.visibility !== "ClusterLocal"
      const rule = new HostRule(one, isExternal && ingress.spec?.httpOption === "Redirected", this.#targets)
      for (const name of one.hosts ?? []) {
        const host = hostName(name)
        claimed.add(host)
        claim(this.#local, host, { key, order, rule })
        if (isExternal) claim(this.#external, host, { key, order, rule })
      }
      return rule
    })
    const targets = [...new Set(rules.flatMap((rule) => rule.targets()))]
    this.#held.set(key, { uid, generation, hosts: [...claimed], rules, targets })
  }

  remove(ingress: IngressView): void {
    const key = ingressKey(ingress)
    this.#takeOut(key)
    this.#held.delete(key)
  }

  /** Revisions of an Ingress, once the table holds it in this generation or a later one and its other Services are known. */
  held(key: string, generation: number, uid: string | undefined): readonly Target[] | undefined {
    const held = this.#held.get(key)
    if (held === undefined || (held.generation ?? 0) < generation) return undefined
    if (uid !== undefined && uid !== held.uid) return undefined
    return held.rules.every((rule) => rule.findsServices(this.#inside)) ? held.targets : undefined
  }

  /** Whether any host leads to the target. */
  leadsTo(target: Target): boolean {
    return this.#held.values().some(({ targets }) => targets.includes(target))
  }

  #takeOut(key: string): void {
    for (const host of this.#held.get(key)?.hosts ?? []) {
      disclaim(this.#local, host, key)
      disclaim(this.#external, host, key)
    }
  }
}

function claim<Target>(hosts: Hosts<Target>, host: string, claim: Claim<Target>): void {
  const claims = hosts.get(host) ?? []
  // An Ingress that names a host twice means the first.
  if (claims.some(({ key }) => key === claim.key)) return
  // An array that grows takes room for more, and nearly every host is one Ingress's.
  hosts.set(host, claims.length === 0 ? [claim] : [...claims, claim].sort(byOrder))
}

function byOrder(one: Claim<unknown>, other: Claim<unknown>): number {
  return one.order < other.order ? -1 : 1
}

function disclaim<Target>(hosts: Hosts<Target>, host: string, owner: string): void {
  const left = (hosts.get(host) ?? []).filter(({ key }) => key !== owner)
  if (left.length > 0) hosts.set(host, left)
  else hosts.delete(host)
}
