import type { NewOf, ObjectMeta } from "@wick/sdk/api"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import type { Service } from "@wick/sdk/api/serving/service"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark, nextConditions, propagate } from "../../conditions.ts"
import { handedDown, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { isOfThisTemplate } from "../configuration/decide.ts"

export interface Observed {
  readonly service: Service
  readonly configuration: Configuration | undefined
  readonly route: Route | undefined
  /** Whether the name that the template gives its revision is another's. */
  readonly nameTaken?: boolean
}

/** The children that a service wants: one configuration and one route of its own name. */
export interface Children {
  readonly configuration: NewOf<typeof Configuration>
  readonly route: NewOf<typeof Route>
}

export function desiredChildren(service: Service): Children {
  return { configuration: desiredConfiguration(service), route: desiredRoute(service) }
}

/**
 * Whether the route may be brought to what the service wants. A template that names its revision must have made it
 * first: else traffic could go to a revision of that name which is another's, or of another template.
 *   now: it may · later: the configuration has not looked yet · never: the name is taken
 */
export function routeTurn(
  { spec }: Pick<Service, "spec">,
  configuration: Configuration | undefined,
  named: Revision | undefined,
): "now" | "later" | "never" {
  if (!spec.template.metadata?.name) return "now"
  if (!configuration || configuration.status?.observedGeneration !== configuration.metadata.generation) return "later"
  return named && !isOfThisTemplate(configuration, named) ? "never" : "now"
}

/**
 * What a service says of itself, from its children as they are after they were brought to what it wants:
 *
 *     ConfigurationsReady  the configuration's Ready, for the generation that the service asked for
 *     RoutesReady          the route's Ready, once the newest ready revision is where traffic goes
 */
export function decideStatus(
  { service, configuration, route, nameTaken = false }: Observed,
  nowMs: number,
): NonNullable<Service["status"]> {
  const foreign = [configuration, route].find((child) => child && !isOwnedBy(child, service))
  const own = { ...readiness(configuration, route), ...(nameTaken && { RoutesReady: taken(service) }) }
  const dependents = foreign ? notOwned(service, foreign.kind) : own
  return {
    ...service.status,
    observedGeneration: service.metadata.generation,
    conditions: nextConditions({ before: service.status?.conditions, dependents, nowMs }),
    ...(!foreign && { ...joined(configuration?.status, revisionNames), ...joined(route?.status, routing) }),
  } as NonNullable<Service["status"]>
}

const revisionNames = ["latestCreatedRevisionName", "latestReadyRevisionName"]
const routing = ["url", "address", "traffic"]

/** The named fields of a child's status, as far as it has them. */
function joined(status: object | undefined, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(status ?? {}).filter(([field]) => fields.includes(field)))
}

function notOwned(service: Service, kind: string): Record<string, Mark> {
  const { name } = service.metadata
  const refusal = isFalse("NotOwned", `There is an existing ${kind} "${name}" that we do not own.`)
  const waiting = isUnknown("Uninitialized", "")
  return kind === "Route"
    ? { ConfigurationsReady: waiting, RoutesReady: refusal }
    : { ConfigurationsReady: refusal, RoutesReady: waiting }
}

function taken({ spec }: Service): Mark {
  const name = spec.template.metadata?.name
  const why = `The Revision name "${name}" is taken by a conflicting Revision, so traffic will not be migrated`
  return isFalse("RevisionNameTaken", why)
}

function readiness(configuration: Configuration | undefined, route: Route | undefined): Record<string, Mark> {
  return { ConfigurationsReady: configurationReady(configuration), RoutesReady: routeReady(configuration, route) }
}

function configurationReady(configuration: Configuration | undefined): Mark {
  const text = "The Configuration is still working to reflect the latest desired specification."
  return propagate(configuration && currentCondition(configuration, "Ready"), text)
}

function routeReady(configuration: Configuration | undefined, route: Route | undefined): Mark {
  const text = "The Route is still working to reflect the latest desired specification."
  const mark = propagate(route && currentCondition(route, "Ready"), text)
  if (mark !== isTrue || !configuration || currentCondition(configuration, "Ready")?.status !== "True") return mark
  const latest = configuration.status?.latestReadyRevisionName
  const behind = route?.status?.traffic?.some((target) => target.latestRevision && target.revisionName !== latest)
  return behind ? isUnknown("TrafficNotMigrated", "Traffic is not yet migrated to the latest revision.") : isTrue
}

function desiredConfiguration(service: Service): NewOf<typeof Configuration> {
  return { metadata: childMeta(service), spec: { template: service.spec.template } } as NewOf<typeof Configuration>
}

function desiredRoute(service: Service): NewOf<typeof Route> {
  const traffic = (service.spec.traffic ?? []).map((target) =>
    target.latestRevision ? { ...target, configurationName: service.metadata.name } : target,
  )
  return { metadata: childMeta(service), spec: { traffic } } as NewOf<typeof Route>
}

function childMeta(service: Service): ObjectMeta {
  const kept = handedDown(service.metadata.annotations)
  return {
    name: service.metadata.name,
    namespace: service.metadata.namespace,
    labels: {
      ...service.metadata.labels,
      [labels.service]: service.metadata.name,
      [labels.serviceUid]: service.metadata.uid,
    },
    annotations: kept,
    ownerReferences: [ownedBy(service)],
  }
}
