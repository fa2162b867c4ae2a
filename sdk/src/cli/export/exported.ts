import type { Revision } from "../../api/serving/revision.ts"
import type { Service } from "../../api/serving/service.ts"
import type { NewService } from "../flags/draft.ts"

/** What a server writes of its own accord, and would not take from another's hand. */
const serversAnnotations = [
  "serving.knative.dev/creator",
  "serving.knative.dev/lastModifier",
  "serving.knative.dev/lastPinned",
  "serving.knative.dev/routes",
  "serving.knative.dev/routingStateModified",
  "kubectl.kubernetes.io/last-applied-configuration",
]
const serversLabels = [
  "serving.knative.dev/configurationUID",
  "serving.knative.dev/serviceUID",
  "serving.knative.dev/routingState",
]
const generationLabel = "serving.knative.dev/configurationGeneration"

/** A service and revisions of it, as `wick import` and `kn service import` make them anew. */
export interface Export {
  readonly apiVersion: "client.knative.dev/v1alpha1"
  readonly kind: "Export"
  readonly metadata: object
  readonly spec: { readonly service: NewService; readonly revisions?: readonly NewRevision[] }
}

export interface NewRevision {
  readonly apiVersion: string
  readonly kind: "Revision"
  readonly metadata: Metadata
  readonly spec: unknown
}

interface Metadata {
  readonly name: string
  readonly labels?: Record<string, string> | undefined
  readonly annotations?: Record<string, string> | undefined
}

/** A service as its author could have written it; with its traffic where its revisions come along. */
export function exportedService(service: Service, withTraffic = false): NewService {
  const { template, traffic } = service.spec
  const name = template.metadata?.name ?? (withTraffic ? service.status?.latestCreatedRevisionName : undefined)
  const metadata = { ...template.metadata, ...(name && { name }) }
  return {
    apiVersion: service.apiVersion,
    kind: "Service",
    metadata: authored(service.metadata),
    spec: {
      template: { ...(Object.keys(metadata).length > 0 && { metadata }), spec: template.spec },
      ...(withTraffic && traffic && { traffic }),
    },
  } as NewService
}

/** The service and those of its revisions that traffic or tags name, for an import. */
export function exportForImport(service: Service, revisions: readonly Revision[]): Export {
  const older = routedOlder(service, revisions)
  return {
    apiVersion: "client.knative.dev/v1alpha1",
    kind: "Export",
    metadata: {},
    spec: {
      service: exportedService(service, revisions.length > 1),
      ...(older.length > 0 && {
        revisions: older.map(({ apiVersion, metadata, spec }) => ({
          apiVersion,
          kind: "Revision" as const,
          metadata: authored(metadata),
          spec,
        })),
      }),
    },
  }
}

/** A service for each of those revisions, the newest last: whoever applies them in order makes the revisions anew. */
export function exportForReplay(service: Service, revisions: readonly Revision[]): NewService[] {
  const newest = exportedService(service, revisions.length > 1)
  const older = routedOlder(service, revisions).map((revision) => ({
    ...newest,
    spec: {
      template: {
        metadata: {
          name: revision.metadata.name,
          ...(newest.spec?.template?.metadata?.labels && { labels: newest.spec.template.metadata.labels }),
          ...annotationsOf(revision.metadata.annotations),
        },
        spec: revision.spec,
      },
    },
  })) as NewService[]
  return [...older, newest]
}

function routedOlder(service: Service, revisions: readonly Revision[]): Revision[] {
  const routed = new Set((service.spec.traffic ?? []).map(({ revisionName }) => revisionName))
  const newest = service.spec.template.metadata?.name ?? service.status?.latestCreatedRevisionName
  return revisions
    .filter(({ metadata }) => routed.has(metadata.name) && metadata.name !== newest)
    .toSorted((a, b) => generationOf(a) - generationOf(b) || a.metadata.name.localeCompare(b.metadata.name))
}

function generationOf({ metadata }: Revision): number {
  return Number(metadata.labels?.[generationLabel] ?? 0)
}

/** Name, labels and annotations, without those that are the server's. */
export function authored({ name, labels = {}, annotations }: Metadata): Metadata {
  const kept = Object.entries(labels).filter(([key]) => !serversLabels.includes(key))
  return {
    name,
    ...(kept.length > 0 && { labels: Object.fromEntries(kept) }),
    ...annotationsOf(annotations),
  }
}

function annotationsOf(annotations: Record<string, string> | undefined): { annotations?: Record<string, string> } {
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !serversAnnotations.includes(key))
  return kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }
}
