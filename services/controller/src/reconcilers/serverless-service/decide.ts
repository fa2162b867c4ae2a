import type { Pod } from "@wick/sdk/api/core/pod"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { isFalse, isTrue, isUnknown, type Mark, nextConditions } from "../../conditions.ts"
import { activatorPlaces, backingOf, podPlaces } from "./backing.ts"
import { type NewEndpoints, type NewSlice, publicEndpoints, publicSlices } from "./desired/endpoints.ts"
import { type NewService, privateService, privateServiceName, publicService } from "./desired/services.ts"

export interface Observed {
  readonly service: ServerlessService
  /** Of the revision. */
  readonly pods: readonly Pod[]
  /** Who the activators are. */
  readonly activators: readonly EndpointSlice[]
}

export interface Decision {
  readonly services: readonly NewService[]
  readonly slices: readonly NewSlice[]
  readonly endpoints: NewEndpoints
  /** `foreign` is the kind and name of an object in the way that belongs to somebody else. */
  status(foreign: { readonly kind: string; readonly name: string } | undefined): ServerlessService["status"]
}

/** Two Services per revision, and who answers at the public one. */
export function decide({ service, pods, activators }: Observed, nowMs: number): Decision {
  const backing = backingOf(service, podPlaces(pods), activatorPlaces(activators, service.spec.protocolType))
  const populated = backing.hasPods ? isTrue : isUnknown("NoHealthyBackends", "K8s Service is not ready")
  const byActivators: Mark = backing.isProxied
    ? { status: "True", reason: "ActivatorEndpointsPopulated", message: "Revision is backed by Activator" }
    : isFalse("ActivatorEndpointsPopulated", "Revision is backed by Activator")
  const { name, generation } = service.metadata
  return {
    services: [publicService(service), privateService(service)],
    slices: publicSlices(service, backing.places),
    endpoints: publicEndpoints(service, backing.places),
    status: (foreign) =>
      ({
        ...service.status,
        observedGeneration: generation,
        serviceName: name,
        privateServiceName: privateServiceName(name),
        conditions: nextConditions({
          before: service.status?.conditions,
          dependents: {
            EndpointsPopulated: foreign
              ? isFalse("NotOwned", `Resource ${foreign.name} of type ${foreign.kind} is not owned by SKS`)
              : populated,
          },
          notes: { ActivatorEndpointsPopulated: byActivators },
          nowMs,
        }),
      }) as ServerlessService["status"],
  }
}
