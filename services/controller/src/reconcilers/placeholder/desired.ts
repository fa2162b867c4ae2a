import type { NewOf } from "@wick/sdk/api"
import type { Service } from "@wick/sdk/api/core/service"
import type { Route } from "@wick/sdk/api/serving/route"
import { handedDown, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"

/**
 * Placeholder Services: for a route and for each of its tags one, of the name by which pods call it. Cluster DNS answers
 * for it with the gateway's name, so `http://hello` in the same namespace reaches the gateway, which knows the host.
 */
export interface PlaceholderPlan {
  readonly create: readonly NewOf<typeof Service>[]
  readonly update: readonly NewOf<typeof Service>[]
  /** Names of those whose tag is gone. */
  readonly remove: readonly string[]
  /** Names that are somebody else's Service. */
  readonly foreign: readonly string[]
}

export interface PlaceholderInput {
  readonly route: Route
  readonly names: readonly string[]
  /** The name behind all of them. */
  readonly gateway: string
  /** Services that are of the route, or have one of the names. */
  readonly existing: readonly Service[]
}

export function planPlaceholders({ route, names, gateway, existing }: PlaceholderInput): PlaceholderPlan {
  const byName = new Map(existing.map((service) => [service.metadata.name, service]))
  const wanted = names.map((name) => ({ made: desired(route, name, gateway), service: byName.get(name) }))
  const own = wanted.filter(({ service }) => service && isOwnedBy(service, route))
  return {
    create: wanted.filter(({ service }) => !service).map(({ made }) => made),
    update: own.flatMap(({ made, service }) => (service ? brought(service, made) : [])),
    remove: existing
      .filter((service) => isOwnedBy(service, route) && !names.includes(service.metadata.name))
      .map(({ metadata }) => metadata.name),
    foreign: wanted
      .filter(({ service }) => service && !isOwnedBy(service, route))
      .map(({ made }) => made.metadata.name ?? ""),
  }
}

function desired(route: Route, name: string, gateway: string): NewOf<typeof Service> {
  // Who may call is a label of the Service itself: a user sets it to hide one tag.
  const { [labels.visibility]: _, ...kept } = route.metadata.labels ?? {}
  const noted = handedDown(route.metadata.annotations)
  return {
    metadata: {
      name,
      namespace: route.metadata.namespace,
      labels: { ...kept, [labels.route]: route.metadata.name },
      annotations: noted,
      ownerReferences: [ownedBy(route)],
    },
    spec: {
      type: "ExternalName",
      externalName: gateway,
      sessionAffinity: "None",
      ports: [{ name: "http2", protocol: "TCP", port: 80, targetPort: 80 }],
    },
  }
}

/** None when the Service is as it should be; what others have added to its labels and annotations stays. */
function brought(service: Service, made: NewOf<typeof Service>): NewOf<typeof Service>[] {
  const { labels: ownLabels, annotations: ownAnnotations } = service.metadata
  const metadata = {
    ...service.metadata,
    labels: { ...ownLabels, ...made.metadata.labels },
    annotations: { ...ownAnnotations, ...made.metadata.annotations },
  }
  const same =
    service.spec.type === "ExternalName" &&
    service.spec.externalName === made.spec?.externalName &&
    sameJson(ownLabels ?? {}, metadata.labels) &&
    sameJson(ownAnnotations ?? {}, metadata.annotations)
  return same ? [] : [{ ...service, metadata, spec: made.spec } as NewOf<typeof Service>]
}
