import type { Protocol } from "./protocol-finder.ts"
import type { Cause } from "./revision-health.ts"

/** How the application of a revision is reached and how long it may take. */
export interface RevisionSpec {
  /** Whose revision it is, as its labels say; empty where they do not. */
  readonly service: string
  readonly configuration: string
  readonly port: number
  /** `either`: it is to be found out. */
  readonly protocol: Protocol | "either"
  /** Hard limit per pod; 0 is none. */
  readonly containerConcurrency: number
  /** Total time of a request, waiting included. */
  readonly timeoutMs: number
  /** To the first byte of the answer; 0 is no limit of its own. */
  readonly responseStartTimeoutMs: number
  /** Without a byte of the answer; 0 is no limit of its own. */
  readonly idleTimeoutMs: number
  readonly probe: Probe
  /** Whether it is worth to wait where no pod is ready: one is started for whoever waits. */
  readonly startsPods: boolean
}

/** How a starting pod is asked whether it answers. `kubelet`: only the node can tell (exec, gRPC). */
export type Probe =
  | { readonly kind: "tcp"; readonly port: number }
  | {
      readonly kind: "http"
      readonly port: number
      readonly path: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly kind: "kubelet" }

/** What holds until the Revision has been seen. */
export const unknownSpec: RevisionSpec = {
  service: "",
  configuration: "",
  port: 8080,
  protocol: "http1",
  containerConcurrency: 0,
  timeoutMs: 300_000,
  responseStartTimeoutMs: 0,
  idleTimeoutMs: 0,
  probe: { kind: "tcp", port: 8080 },
  startsPods: true,
}

/** What is read of a Revision. */
export interface RevisionView {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> | undefined }
  readonly spec?: RevisionSpecView | undefined
  readonly status?: RevisionStatusView | undefined
}

interface RevisionStatusView {
  readonly conditions?:
    | readonly { readonly type: string; readonly status: string; readonly reason?: string | undefined }[]
    | undefined
}

interface RevisionSpecView {
  readonly containerConcurrency?: number | undefined
  readonly timeoutSeconds?: number | undefined
  readonly responseStartTimeoutSeconds?: number | undefined
  readonly idleTimeoutSeconds?: number | undefined
  readonly containers?: readonly ContainerView[] | undefined
}

interface ContainerView {
  readonly ports?:
    | readonly { readonly containerPort?: number | undefined; readonly name?: string | undefined }[]
    | undefined
  readonly readinessProbe?: ProbeView | undefined
}

interface ProbeView {
  readonly httpGet?:
    | {
        readonly path?: string | undefined
        readonly port?: number | string | undefined
        readonly scheme?: string | undefined
        readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[] | undefined
      }
    | undefined
  readonly tcpSocket?: { readonly port?: number | string | undefined } | undefined
  readonly exec?: unknown
  readonly grpc?: unknown
}

const defaultPort = 8080

/** `findsHttp2`: whether a port without a name may speak HTTP/2, which its application is asked then. */
export function revisionSpec(revision: RevisionView, findsHttp2: boolean): RevisionSpec {
  const spec = revision.spec ?? {}
  const containers = spec.containers ?? []
  // With several containers exactly one has a port: that one serves.
  const serving = containers.find(({ ports }) => ports && ports.length > 0) ?? containers[0]
  const port = serving?.ports?.[0]
  const number = port?.containerPort || defaultPort
  const labels = revision.metadata?.labels
  return {
    service: labels?.["serving.knative.dev/service"] ?? "",
    configuration: labels?.["serving.knative.dev/configuration"] ?? "",
    port: number,
    protocol: protocolOf(port?.name, findsHttp2),
    containerConcurrency: spec.containerConcurrency ?? 0,
    timeoutMs: (spec.timeoutSeconds || 300) * 1000,
    responseStartTimeoutMs: (spec.responseStartTimeoutSeconds ?? 0) * 1000,
    idleTimeoutMs: (spec.idleTimeoutSeconds ?? 0) * 1000,
    probe: probeOf(serving?.readinessProbe, number),
    startsPods: true,
  }
}

function protocolOf(portName: string | undefined, findsHttp2: boolean): RevisionSpec["protocol"] {
  if (portName === "h2c") return "h2c"
  return findsHttp2 && !portName ? "either" : "http1"
}

/** Reasons for which a revision has no pod and will get none, whoever asks for one. */
const unmakeableReasons = new Set(["ContainerMissing", "FailedCreate"])

/** Why no pod of the revision can be made, if its conditions say so. */
export function unmakeableCause({ status }: RevisionView): Cause | undefined {
  for (const { status: value, reason } of status?.conditions ?? []) {
    if (value === "False" && reason !== undefined && unmakeableReasons.has(reason)) {
      return { container: undefined, reason, exitCode: undefined }
    }
  }
  return undefined
}

function probeOf(probe: ProbeView | undefined, servingPort: number): Probe {
  if (probe?.exec || probe?.grpc) return { kind: "kubelet" }
  const { httpGet } = probe ?? {}
  if (httpGet?.scheme?.toUpperCase() === "HTTPS") return { kind: "kubelet" }
  if (httpGet) {
    const headers = Object.fromEntries((httpGet.httpHeaders ?? []).map(({ name, value }) => [name, value]))
    return { kind: "http", port: portOf(httpGet.port, servingPort), path: httpGet.path || "/", headers }
  }
  return { kind: "tcp", port: portOf(probe?.tcpSocket?.port, servingPort) }
}

/** Port 0 and a port's name both mean the serving port, the only one a revision declares. */
function portOf(port: number | string | undefined, servingPort: number): number {
  return typeof port === "number" && port > 0 ? port : servingPort
}
