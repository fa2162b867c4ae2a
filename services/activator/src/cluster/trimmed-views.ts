import type { WatchedIngress, WatchedRevision } from "./watched-kinds.ts"

/*
 * What is kept of an object for as long as it is there: what this process looks at. There may be thousands that nobody
 * asks for, and each activator keeps them all.
 */

const ingressClass = "networking.knative.dev/ingress.class"
const labels = ["serving.knative.dev/service", "serving.knative.dev/configuration"]

export function trimmedIngress({ apiVersion, kind, metadata, spec }: WatchedIngress): WatchedIngress {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata
  const annotations = picked(metadata.annotations, [ingressClass])
  const kept = { name, namespace, uid, resourceVersion, generation, creationTimestamp, annotations }
  return { apiVersion, kind, metadata: kept, spec } as WatchedIngress
}

export function trimmedRevision({ apiVersion, kind, metadata, spec, status }: WatchedRevision): WatchedRevision {
  const { name, namespace, uid, resourceVersion } = metadata
  const { containerConcurrency, timeoutSeconds, responseStartTimeoutSeconds, idleTimeoutSeconds } = spec ?? {}
  const containers = spec?.containers?.map(({ ports, readinessProbe }) => ({ ports, readinessProbe }))
  const conditions = status?.conditions
    ?.filter((condition) => condition.status === "False")
    .map(({ type, status: value, reason }) => ({ type, status: value, reason }))
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, labels: picked(metadata.labels, labels) },
    spec: { containerConcurrency, timeoutSeconds, responseStartTimeoutSeconds, idleTimeoutSeconds, containers },
    status: { conditions },
  } as WatchedRevision
}

function picked(texts: Readonly<Record<string, string>> | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(keys.flatMap((key) => (texts?.[key] === undefined ? [] : [[key, texts[key]]])))
}
