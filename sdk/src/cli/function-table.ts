import type { Revision } from "../api/serving/revision.ts"
import type { Service } from "../api/serving/service.ts"
import { formatAge } from "./duration.ts"
import type { TableColumn } from "./table.ts"

interface Condition {
  type: string
  status: string
  reason?: string | undefined
  message?: string | undefined
}

export function readyCondition(object: {
  status?: { conditions?: readonly Condition[] | undefined } | undefined
}): Condition | undefined {
  return object.status?.conditions?.find(({ type }) => type === "Ready")
}

export function ageOf(object: { metadata: { creationTimestamp?: string | undefined } }, nowMs: number): string {
  const created = object.metadata.creationTimestamp
  return created ? formatAge(nowMs - Date.parse(created)) : "<unknown>"
}

export function serviceColumns(nowMs: number, allNamespaces: boolean): TableColumn<Service>[] {
  const namespace: TableColumn<Service> = { header: "NAMESPACE", value: ({ metadata }) => metadata.namespace }
  return [
    { header: "NAME", value: ({ metadata }) => metadata.name },
    ...(allNamespaces ? [namespace] : []),
    { header: "URL", value: ({ status }) => status?.url ?? "<pending>" },
    { header: "LATEST", value: ({ status }) => status?.latestReadyRevisionName },
    { header: "READY", value: (service) => readyCondition(service)?.status ?? "Unknown" },
    { header: "REASON", value: (service) => readyCondition(service)?.reason },
    {
      header: "IMAGE",
      wide: true,
      value: ({ spec }) => spec?.template?.spec?.containers?.[0]?.image,
    },
    { header: "AGE", value: (service) => ageOf(service, nowMs) },
  ]
}

/** Percent and tags that a service's status gives to each revision. */
export function trafficOf(service: Service | undefined, revision: string): { percent: number; tags: string[] } {
  const targets = (service?.status?.traffic ?? []).filter(({ revisionName }) => revisionName === revision)
  return {
    percent: targets.reduce((sum, { percent }) => sum + (percent ?? 0), 0),
    tags: targets.flatMap(({ tag }) => (tag ? [tag] : [])),
  }
}

export function revisionColumns(
  nowMs: number,
  serviceOf: (revision: Revision) => Service | undefined,
): TableColumn<Revision>[] {
  const traffic = (revision: Revision): { percent: number; tags: string[] } =>
    trafficOf(serviceOf(revision), revision.metadata.name)
  return [
    { header: "NAME", value: ({ metadata }) => metadata.name },
    { header: "SERVICE", value: ({ metadata }) => metadata.labels?.["serving.knative.dev/service"] },
    { header: "TRAFFIC", value: (revision) => `${traffic(revision).percent}%` },
    { header: "TAGS", value: (revision) => traffic(revision).tags.join(",") },
    { header: "READY", value: (revision) => readyCondition(revision)?.status ?? "Unknown" },
    { header: "REASON", value: (revision) => readyCondition(revision)?.reason },
    { header: "PODS", value: ({ status }) => status?.actualReplicas ?? 0 },
    { header: "IMAGE", wide: true, value: ({ spec }) => spec?.containers?.[0]?.image },
    { header: "AGE", value: (revision) => ageOf(revision, nowMs) },
  ]
}
