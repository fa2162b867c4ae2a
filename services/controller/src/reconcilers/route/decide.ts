import type { NewOf } from "@wick/sdk/api"
import type { Service } from "@wick/sdk/api/core/service"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { Config } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark, nextConditions } from "../../conditions.ts"
import { annotations } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import { annotatedMs, timeAnnotations } from "../../time-annotations.ts"
import { ingressReadiness, ingressUpdate } from "../ingress/child.ts"
import { routeIngress } from "../ingress/desired.ts"
import { clusterGateway } from "../ingress/gateway-name.ts"
import { type PlaceholderPlan, planPlaceholders } from "../placeholder/desired.ts"
import { clusterHost, clusterUrl, hostLabel, type Shown, urlOf, type Visibility, visibilityOf } from "./host.ts"
import { advance, goalOf, isOver, parseRollout, type Rollout, sharesOf } from "./rollout.ts"
import { planTls, type RouteCertificates, type TlsPlan } from "./tls.ts"
import { assignTraffic, type Named, type Target, type Traffic, targetsByTag } from "./traffic.ts"

export interface Observed extends Named {
  /** Those that are the route's, and those that have a name which it wants. */
  readonly services: readonly Service[]
  readonly ingress: Ingress | undefined
  readonly certificates: RouteCertificates
  readonly config: Config
}

export interface Plan {
  readonly placeholders: PlaceholderPlan
  readonly certificates: Pick<TlsPlan, "put" | "remove">
  /** To be made, or brought to this; absent: it is as it should be, or may not be touched. */
  readonly ingress?: NewOf<typeof Ingress> | undefined
  readonly status: NonNullable<Route["status"]>
  /** When traffic moves on by itself. */
  readonly wakeAtMs?: number | undefined
}

type Assigned = NonNullable<NonNullable<Route["status"]>["traffic"]>

const notConfigured = isUnknown("IngressNotConfigured", "Ingress has not yet been reconciled.")
const rollingOut = isUnknown("RolloutInProgress", "A gradual rollout of the latest revision(s) is in progress.")

export function decide(observed: Observed, nowMs: number): Plan {
  const { route, config, services } = observed
  const names = placeholderNames(config, route)
  const placeholders = planPlaceholders({
    route,
    names,
    // A gateway of another class says in the Ingress where pods reach it.
    gateway: observed.ingress?.status?.privateLoadBalancer?.ingress?.[0]?.domainInternal ?? clusterGateway,
    existing: services,
  })
  const visibility = (tag: string): Visibility => {
    const name = hostLabel(config, route.metadata.name, tag)
    return visibilityOf(
      config,
      route,
      services.find((each) => each.metadata.name === name && isOwnedBy(each, route)),
    )
  }
  const traffic = assignTraffic(observed)
  const tls = planTls({ route, config, tags: tagsOf(route), visibility, certificates: observed.certificates })
  const shown = { visibility, secure: tls.secure }
  const routed = serve(observed, traffic, visibility, tls, nowMs)
  const [foreign] = placeholders.foreign
  const served = foreign === undefined ? routed : { ready: notOwned("placeholder Service", foreign) }
  const assigned = traffic.kind === "assigned" && {
    traffic: told(observed, traffic.targets, routed.rollout, shown),
  }
  return {
    placeholders,
    // Nobody is asked for certificates of a route that leads nowhere yet.
    certificates: traffic.kind === "assigned" ? tls : { put: [], remove: [] },
    ingress: served.ingress,
    wakeAtMs: served.wakeAtMs,
    status: {
      ...route.status,
      observedGeneration: route.metadata.generation,
      url: urlOf(config, route, "", shown),
      address: { url: clusterUrl(clusterHost(route.metadata.name, route.metadata.namespace ?? ""), tls.secure) },
      ...assigned,
      conditions: nextConditions({
        before: route.status?.conditions,
        dependents: {
          AllTrafficAssigned: traffic.kind === "missing" ? traffic.mark : isTrue,
          CertificateProvisioned: tls.mark,
          IngressReady: served.ready,
        },
        nowMs,
      }),
    } as NonNullable<Route["status"]>,
  }
}

/** Names of the placeholder Services that a route wants: its own, and one for each tag. */
export function placeholderNames(config: Config, { metadata, spec }: Route): string[] {
  return tagsOf({ spec }).map((tag) => hostLabel(config, metadata.name, tag))
}

/** Names under which a route is called, "" for itself. */
function tagsOf({ spec }: Pick<Route, "spec">): string[] {
  return [...new Set(["", ...(spec.traffic ?? []).flatMap(({ tag }) => (tag ? [tag] : []))])]
}

interface Served {
  readonly ready: Mark
  readonly ingress?: NewOf<typeof Ingress> | undefined
  readonly rollout?: Rollout
  readonly wakeAtMs?: number | undefined
}

/** What gateways should be told, and whether they know it. */
function serve(
  observed: Observed,
  traffic: Traffic,
  visibility: (tag: string) => Visibility,
  { tls, challenges }: TlsPlan,
  nowMs: number,
): Served {
  const { route, ingress, config } = observed
  if (traffic.kind === "missing") return { ready: notConfigured }
  if (ingress && !isOwnedBy(ingress, route)) return { ready: notOwned("Ingress", ingress.metadata.name) }
  const byTag = targetsByTag(traffic.targets)
  const goal = goalOf(byTag)
  const durationMs = rolloutMs(config, route)
  const before = parseRollout(ingress?.metadata.annotations?.[annotations.rollout])
  const isServed = ingress !== undefined && currentCondition(ingress, "Ready")?.status === "True"
  const { rollout, wakeAtMs } =
    durationMs > 0 ? advance(goal, before, { nowMs, durationMs, isServed }) : { rollout: goal, wakeAtMs: undefined }
  const update = ingressUpdate(ingress, routeIngress({ route, byTag, rollout, visibility, config, tls, challenges }))
  const ready = update ? notConfigured : ingressReadiness(ingress)
  return {
    ready: ready.status === "False" || isOver(rollout) ? ready : rollingOut,
    ingress: update,
    rollout,
    wakeAtMs,
  }
}

function rolloutMs(config: Config, { metadata }: Route): number {
  return annotatedMs(metadata, timeAnnotations.rolloutDuration) ?? config.network["rollout-duration"] * 1_000
}

function notOwned(kind: string, name: string): Mark {
  return isFalse("NotOwned", `There is an existing ${kind} "${name}" that we do not own.`)
}

/**
 * The traffic as it flows: while it moves, every revision that has a share. Shares of a configuration that several targets
 * follow are told of the first.
 */
function told(
  { route, config }: Observed,
  targets: readonly Target[],
  rollout: Rollout | undefined,
  shown: Shown,
): Assigned {
  const first = (target: Target): boolean =>
    targets.find(({ follows, percent }) => follows === target.follows && (percent ?? 0) > 0) === target
  return targets.flatMap((target) => {
    const { revisionName, follows, percent, tag } = target
    const named = tag ? { tag, url: urlOf(config, route, tag, shown) } : {}
    const from = first(target) ? "" : tag
    const moving = rollout && follows !== undefined ? sharesOf(rollout, from, follows) : undefined
    const plain = { revisionName, latestRevision: follows !== undefined, ...(percent !== undefined && { percent }) }
    if (!moving) return [{ ...plain, ...named }]
    return moving.map((share) => ({
      revisionName: share.revisionName,
      latestRevision: share.revisionName === revisionName,
      percent: first(target) ? share.percent : 0,
      ...named,
    }))
  }) as Assigned
}
