import { revisionLabel, revisionUidLabel } from "@wick/sdk/api/serving/revision-key"
import type { PodStatusView, WatchedIngress, WatchedPod, WatchedRevision } from "./watched-kinds.ts"

/*
 * What is kept of an object for as long as it is there: what this process looks at. There may be thousands that nobody
 * asks for, and each activator keeps them all.
 */

const ingressClass = "networking.knative.dev/ingress.class"
const podConditions = ["Ready", "PodScheduled", "PodReadyToStartContainers"]
const labels = ["serving.knative.dev/service", "serving.knative.dev/configuration"]

export function trimmedIngress({ apiVersion, kind, metadata, spec }: WatchedIngress): WatchedIngress {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata
  const annotations = picked(metadata.annotations, [ingressClass])
  const kept = { name, namespace, uid, resourceVersion, generation, creationTimestamp, annotations }
  return new NewIngress({ apiVersion, kind, metadata: kept, spec } as WatchedIngress) as WatchedIngress
}

/** An Ingress as it comes. What it leads to is in the tables then, in fewer words: who it is is all that is kept of it. */
class NewIngress {
  readonly apiVersion: string | undefined
  readonly kind: string | undefined
  readonly metadata: WatchedIngress["metadata"]
  #spec: WatchedIngress["spec"] | undefined

  constructor({ apiVersion, kind, metadata, spec }: WatchedIngress) {
    this.apiVersion = apiVersion
    this.kind = kind
    this.metadata = metadata
    this.#spec = spec
  }

  get spec(): WatchedIngress["spec"] | undefined {
    return this.#spec
  }

  forgetSpec(): void {
    this.#spec = undefined
  }
}

/** The tables have the Ingress: nobody looks at what it says again. */
export function takenIn(ingress: WatchedIngress): void {
  if (ingress instanceof NewIngress) ingress.forgetSpec()
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

/** Of a pod that is told of at each of its steps, and kept by each activator for as long as it runs. */
export function trimmedPod({ apiVersion, kind, metadata, status }: WatchedPod): WatchedPod {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = metadata
  const kept = {
    name,
    namespace,
    uid,
    resourceVersion,
    deletionTimestamp,
    labels: picked(metadata.labels, [revisionLabel, revisionUidLabel]),
  }
  return { apiVersion, kind, metadata: kept, status: status && trimmedStatus(status) } as WatchedPod
}

function trimmedStatus(status: PodStatusView): PodStatusView {
  const { phase, podIP } = status
  const conditions = status.conditions
    ?.filter(({ type }) => podConditions.includes(type))
    .map(({ type, status: value, reason }) => ({ type, status: value, ...(reason !== undefined && { reason }) }))
  return {
    ...(phase !== undefined && { phase }),
    ...(podIP !== undefined && { podIP }),
    ...(conditions && { conditions }),
    ...(status.initContainerStatuses && { initContainerStatuses: status.initContainerStatuses.map(trimmedContainer) }),
    ...(status.containerStatuses && { containerStatuses: status.containerStatuses.map(trimmedContainer) }),
  }
}

type ContainerStatus = NonNullable<PodStatusView["containerStatuses"]>[number]

function trimmedContainer({ name, ready, restartCount, state, lastState }: ContainerStatus): ContainerStatus {
  const last = exit(lastState?.terminated)
  return {
    name,
    ...(ready !== undefined && { ready }),
    ...(restartCount !== undefined && { restartCount }),
    ...(state && { state: trimmedState(state) }),
    ...(last && { lastState: { terminated: last } }),
  }
}

const running = { running: {} }

function trimmedState({ waiting, running: runs, terminated }: NonNullable<ContainerStatus["state"]>) {
  if (runs) return running
  const ended = exit(terminated)
  if (ended) return { terminated: ended }
  const { reason } = waiting ?? {}
  return { waiting: reason === undefined ? {} : { reason } }
}

function exit(terminated: { readonly exitCode?: number } | undefined): { exitCode?: number } | undefined {
  if (!terminated) return undefined
  return terminated.exitCode === undefined ? {} : { exitCode: terminated.exitCode }
}

function picked(texts: Readonly<Record<string, string>> | undefined, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(keys.flatMap((key) => (texts?.[key] === undefined ? [] : [[key, texts[key]]])))
}
