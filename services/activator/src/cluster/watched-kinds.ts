import { defineKind, type KindOf } from "@wick/sdk/api/kind"
import * as z from "zod"
import type { RevisionView } from "../backend/revision-spec.ts"
import type { IngressSpecView } from "./ingress-view.ts"

/*
 * What the activator reads of some kinds. The kinds' whole schemas describe hundreds of fields that no request needs,
 * and one of these processes runs per core: so it watches through these narrow views. Nothing is ever written with them.
 */

export const WatchedIngress = defineKind({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "Ingress",
  plural: "ingresses",
  description: "Which hosts there are, and which revisions they lead to.",
  schema: z.object({ spec: z.custom<IngressSpecView>() }),
})

export const WatchedRevision = defineKind({
  group: "serving.knative.dev",
  version: "v1",
  kind: "Revision",
  plural: "revisions",
  description: "How an application is reached.",
  schema: z.object({ spec: z.custom<RevisionView["spec"]>(), status: z.custom<RevisionView["status"]>() }),
})

/** What is read of a pod's status. */
export interface PodStatusView {
  readonly phase?: string
  readonly podIP?: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  readonly initContainerStatuses?: readonly ContainerStatusView[]
  readonly containerStatuses?: readonly ContainerStatusView[]
}

interface ContainerStatusView {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string }
    readonly running?: object
    readonly terminated?: { readonly exitCode?: number }
  }
  readonly lastState?: { readonly terminated?: { readonly exitCode?: number } }
}

export const WatchedPod = defineKind({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  description: "An instance of an application.",
  schema: z.object({ status: z.custom<PodStatusView | undefined>() }),
})

/** What is read of a Service. */
export interface ServiceSpecView {
  readonly type?: string
  readonly externalName?: string
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly appProtocol?: string }[]
}

export const WatchedService = defineKind({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  description: "Ports that something listens on, wherever it is.",
  schema: z.object({ spec: z.custom<ServiceSpecView>() }),
})

interface EndpointView {
  readonly addresses: readonly string[]
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean }
}

interface PortView {
  readonly name?: string
  readonly port?: number
}

export const WatchedEndpointSlice = defineKind({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  description: "Who listens, and where.",
  schema: z.object({
    endpoints: z.custom<readonly EndpointView[] | null | undefined>(),
    ports: z.custom<readonly PortView[] | null | undefined>(),
  }),
})

export const WatchedTlsSecret = defineKind({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  description: "A certificate and its key.",
  schema: z.object({ data: z.custom<Readonly<Record<string, string>> | undefined>() }),
  selectableFields: ["type"],
})

export type WatchedIngress = KindOf<typeof WatchedIngress>
export type WatchedRevision = KindOf<typeof WatchedRevision>
export type WatchedTlsSecret = KindOf<typeof WatchedTlsSecret>
export type WatchedService = KindOf<typeof WatchedService>
export type WatchedEndpointSlice = KindOf<typeof WatchedEndpointSlice>
export type WatchedPod = KindOf<typeof WatchedPod>
