import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { isOwned } from "./serving-objects.ts"

/** What a revision's ServerlessService says of itself. */
export interface ServiceSeen {
  readonly serviceName: string | undefined
  readonly privateServiceName: string | undefined
  /** Activators answer at the public Service. */
  readonly proxied: boolean
  readonly readiness:
    | { readonly kind: "ready" }
    | { readonly kind: "not-ready"; readonly message: string }
    /** Somebody else has one of that name. */
    | { readonly kind: "foreign"; readonly name: string }
}

export function seeService(service: ServerlessService | undefined, scaled: PodAutoscaler): ServiceSeen {
  const nothing = { serviceName: undefined, privateServiceName: undefined, proxied: false }
  if (service === undefined) return { ...nothing, readiness: { kind: "not-ready", message: "" } }
  if (!isOwned(service, scaled)) {
    return { ...nothing, readiness: { kind: "foreign", name: service.metadata.name } }
  }
  const { spec, status, metadata } = service
  const conditions = status?.conditions ?? []
  const isTrue = (name: string): boolean => conditions.some(({ type, status: is }) => type === name && is === "True")
  const message = conditions.find(({ type }) => type === "Ready")?.message ?? ""
  return {
    serviceName: status?.serviceName,
    privateServiceName: status?.privateServiceName,
    proxied:
      spec.mode === "Proxy" &&
      status?.observedGeneration === metadata.generation &&
      isTrue("ActivatorEndpointsPopulated"),
    readiness: isTrue("Ready") ? { kind: "ready" } : { kind: "not-ready", message },
  }
}
