import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { isFalse, isTrue, isUnknown, type Mark, nextConditions } from "../../conditions.ts"
import { clusterGateway, publicGateway } from "./gateway-name.ts"

/** Whether those who serve an Ingress know its present generation: all of them, not yet all, or there is nobody. */
export type Acknowledgement = "all" | "pending" | "nobody"

export interface Observed {
  readonly ingress: Ingress
  /** Ingresses, itself among them, that have a host of it. */
  readonly rivals: readonly Ingress[]
  readonly acknowledgement: Acknowledgement
}

/** A host that is another's: of several Ingresses the oldest serves it, as gateways have it too. */
export interface Conflict {
  readonly host: string
  readonly owner: Ingress
}

export function conflictOf(ingress: Ingress, rivals: readonly Ingress[]): Conflict | undefined {
  const byAge = rivals.filter(({ metadata }) => metadata.uid !== ingress.metadata.uid).toSorted(isOlder)
  for (const host of hostsOf(ingress)) {
    const owner = byAge.find((rival) => isOlder(rival, ingress) < 0 && hostsOf(rival).includes(host))
    if (owner) return { host, owner }
  }
  return undefined
}

export function hostsOf({ spec }: Ingress): string[] {
  return [...new Set((spec.rules ?? []).flatMap(({ hosts = [] }) => hosts))]
}

export function decide({ ingress, rivals, acknowledgement }: Observed, nowMs: number): NonNullable<Ingress["status"]> {
  const conflict = conflictOf(ingress, rivals)
  return {
    ...ingress.status,
    observedGeneration: ingress.metadata.generation,
    publicLoadBalancer: { ingress: [{ domainInternal: publicGateway }] },
    privateLoadBalancer: { ingress: [{ domainInternal: clusterGateway }] },
    conditions: nextConditions({
      before: ingress.status?.conditions,
      dependents: {
        NetworkConfigured: conflict ? taken(conflict) : isTrue,
        LoadBalancerReady: known(acknowledgement),
      },
      nowMs,
    }),
  } as NonNullable<Ingress["status"]>
}

function taken({ host, owner: { metadata } }: Conflict): Mark {
  return isFalse(
    "HostConflict",
    `Host "${host}" is already served by the Ingress ${metadata.namespace}/${metadata.name}.`,
  )
}

function known(acknowledgement: Acknowledgement): Mark {
  if (acknowledgement === "all") return isTrue
  return acknowledgement === "pending"
    ? isUnknown("Uninitialized", "Waiting for load balancer to be ready")
    : isUnknown("NoGateway", "No gateway is running that could serve this.")
}

/** Negative when `a` was there first. */
function isOlder({ metadata: a }: Ingress, { metadata: b }: Ingress): number {
  const order = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0)
  return (
    order(a.creationTimestamp, b.creationTimestamp) || order(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`)
  )
}
