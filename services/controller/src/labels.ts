import type { ObjectMeta } from "@wick/sdk/api"
import { causeAnnotation } from "@wick/sdk/tracing"

/** Labels and annotations of Knative Serving that users and tools know. */
const group = "serving.knative.dev"

export const labels = {
  service: `${group}/service`,
  serviceUid: `${group}/serviceUID`,
  configuration: `${group}/configuration`,
  configurationUid: `${group}/configurationUID`,
  configurationGeneration: `${group}/configurationGeneration`,
  revision: `${group}/revision`,
  revisionUid: `${group}/revisionUID`,
  route: `${group}/route`,
  routeNamespace: `${group}/routeNamespace`,
  routingState: `${group}/routingState`,
  domainMappingUid: `${group}/domainMappingUID`,
  domainMappingNamespace: `${group}/domainMappingNamespace`,
  app: "app",
  certificateType: "networking.knative.dev/certificate-type",
  certificateUid: "networking.internal.knative.dev/certificate-uid",
  wildcardDomain: "networking.knative.dev/wildcardDomain",
  visibility: "networking.knative.dev/visibility",
} as const

export const annotations = {
  creator: `${group}/creator`,
  lastModifier: `${group}/lastModifier`,
  routingStateModified: `${group}/routingStateModified`,
  deploymentHash: `${group}/deployment-hash`,
  routes: `${group}/routes`,
  noGc: `${group}/no-gc`,
  defaultContainer: "kubectl.kubernetes.io/default-container",
  rollout: "networking.internal.knative.dev/rollout",
  ingressClass: "networking.knative.dev/ingress.class",
  certificateClass: "networking.knative.dev/certificate.class",
  certificateIssuer: "networking.internal.knative.dev/issuer",
  lastApplied: "kubectl.kubernetes.io/last-applied-configuration",
  autoscalingPrefix: "autoscaling.knative.dev/",
} as const

/** Annotations that an object's children get too: all but those that speak of how the object itself was written. */
export function handedDown(given: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { [annotations.lastApplied]: _, [causeAnnotation]: __, ...kept } = given
  return kept
}

/** What we ourselves noted at a child, which its owner does not have. */
export function ownNotes({ metadata }: { readonly metadata: ObjectMeta }): Record<string, string> {
  const own: readonly string[] = [annotations.routes, causeAnnotation]
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => own.includes(name)))
}

/** active: traffic reaches it; pending: it may soon; reserve: none does. */
export type RoutingState = "active" | "pending" | "reserve"
