import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import type { Kind, KindOf } from "@wick/sdk/api/kind"

/** Makers of stored objects for tests of rules: complete as the server would give them, apart from what is said. */
export function stored<K extends Kind>(kind: K, metadata: object, fields: object): KindOf<K> {
  const meta = {
    namespace: "default",
    uid: `uid-${(metadata as { name: string }).name}`,
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...metadata,
  }
  const parsed = kind.schema.parse(fields)
  return { apiVersion: kind.apiVersion, kind: kind.kind, metadata: meta, ...parsed } as unknown as KindOf<K>
}

export interface PodParts {
  readonly metadata?: object
  readonly node?: string
  readonly phase?: string
  readonly readySince?: string
  readonly restarts?: number
  readonly ip?: string
}

const containers = [{ name: "web", image: "web:1" }]

export function pod(name: string, parts: PodParts = {}): Pod {
  const { metadata, node, phase = "Running", readySince, restarts, ip } = parts
  const ready = { type: "Ready", status: readySince ? "True" : "False", lastTransitionTime: readySince }
  const status = { name: "web", ready: true, restartCount: restarts ?? 0, image: "", imageID: "" }
  return stored(
    Pod,
    { name, labels: { app: "web" }, ...metadata },
    {
      spec: { containers, ...(node && { nodeName: node }) },
      status: { phase, podIP: ip, podIPs: ip ? [{ ip }] : undefined, conditions: [ready], containerStatuses: [status] },
    },
  )
}

export function template(image = "web:1"): object {
  return { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image }] } }
}

export function replicaSet(
  name: string,
  replicas: number,
  parts: { metadata?: object; spec?: object; status?: object } = {},
) {
  const selector = { matchLabels: { app: "web" } }
  return stored(
    ReplicaSet,
    { name, ...parts.metadata },
    { spec: { replicas, selector, template: template(), ...parts.spec }, status: { replicas, ...parts.status } },
  )
}

export function deployment(replicas: number, parts: { metadata?: object; spec?: object; status?: object } = {}) {
  const selector = { matchLabels: { app: "web" } }
  return stored(
    Deployment,
    { name: "web", ...parts.metadata },
    { spec: { replicas, selector, template: template(), ...parts.spec }, status: parts.status },
  )
}
