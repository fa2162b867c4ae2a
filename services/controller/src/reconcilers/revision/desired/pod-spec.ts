import { type Config, mostSpecific } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { labels } from "../../../labels.ts"

type RevisionSpec = Revision["spec"]
type Container = RevisionSpec["containers"][number]
type Probe = NonNullable<Container["readinessProbe"]>
interface Variable {
  readonly name: string
  readonly value: string
}

export const portDefault = 8080
const protocols: Record<string, string> = { h2c: "h2c" }

/**
 * The pod of a revision: the user's containers as they are, with what the runtime contract adds. No sidecar: the
 * activator counts, limits, times and probes from outside, and every container's `preStop` asks it whether the pod's
 * requests are answered, so that none ends while another still needs it.
 */
export function podSpec(revision: Revision, config: Config, images: Readonly<Record<string, string>>): object {
  const {
    containerConcurrency: _c,
    timeoutSeconds,
    responseStartTimeoutSeconds: _r,
    idleTimeoutSeconds: _i,
    ...spec
  } = revision.spec
  const serving = servingContainer(revision.spec)
  const contract = contractEnv(revision)
  const common = (container: Container): object => ({
    ...container,
    image: images[container.name] ?? container.image,
    env: [...(container.env ?? []), ...contract],
    terminationMessagePolicy: container.terminationMessagePolicy ?? "FallbackToLogsOnError",
  })
  const drain = drainHook(revision, config)
  const runtimeClassName = spec.runtimeClassName ?? runtimeClass(revision, config)
  return {
    ...spec,
    containers: spec.containers.map((container) => ({
      ...common(container),
      ...(container === serving ? servingPart(revision.spec, container, contract, config) : sidecarProbes(container)),
      ...drain,
    })),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(common) }),
    ...(runtimeClassName && { runtimeClassName }),
    enableServiceLinks: spec.enableServiceLinks ?? config.defaults["enable-service-links"],
    terminationGracePeriodSeconds: timeoutSeconds ?? config.defaults["revision-timeout-seconds"],
    affinity: spec.affinity ?? spread(revision, config),
  }
}

/** The container that requests go to: the one with a port, or the only one. */
export function servingContainer(spec: RevisionSpec): Container | undefined {
  return spec.containers.find(({ ports }) => (ports?.length ?? 0) > 0) ?? spec.containers[0]
}

/** Port 0 is none: Go's clients write it where a port has a name only. */
export function servingPort(spec: RevisionSpec): number {
  return servingContainer(spec)?.ports?.[0]?.containerPort || portDefault
}

/** `h2c` when the port's name says so, else `http1`. */
export function servingProtocol(spec: RevisionSpec): "h2c" | "http1" {
  const name = servingContainer(spec)?.ports?.[0]?.name ?? ""
  return protocols[name] === "h2c" ? "h2c" : "http1"
}

function servingPart(spec: RevisionSpec, container: Container, contract: readonly Variable[], config: Config): object {
  const port = servingPort(spec)
  const { readinessProbe, livenessProbe, startupProbe } = container
  // A liveness probe that asks elsewhere says nothing of what serves, unless the operator lets it.
  const alive = config.features.enables("multi-container-probing") ? livenessProbe : onPort(livenessProbe, port)
  return {
    ports: [{ name: "user-port", containerPort: port, protocol: "TCP" }],
    env: [...(container.env ?? []), { name: "PORT", value: String(port) }, ...contract],
    ...(readinessProbe && { readinessProbe: eager(probe(readinessProbe, port)) }),
    ...(alive && { livenessProbe: probe(alive, port) }),
    ...(startupProbe && { startupProbe: probe(startupProbe, port) }),
  }
}

function sidecarProbes({ readinessProbe, livenessProbe, startupProbe }: Container): object {
  return {
    ...(readinessProbe && { readinessProbe: eager(proper(readinessProbe)) }),
    ...(livenessProbe && { livenessProbe: proper(livenessProbe) }),
    ...(startupProbe && { startupProbe: proper(startupProbe) }),
  }
}

function contractEnv({ metadata }: Revision): Variable[] {
  return [
    { name: "K_REVISION", value: metadata.name },
    { name: "K_CONFIGURATION", value: metadata.labels?.[labels.configuration] ?? "" },
    { name: "K_SERVICE", value: metadata.labels?.[labels.service] ?? "" },
  ]
}

function onPort(given: Probe | undefined, port: number): Probe | undefined {
  if (!given) return undefined
  const { httpGet, tcpSocket } = given
  return {
    ...given,
    ...(httpGet && { httpGet: { ...httpGet, port } }),
    ...(tcpSocket && { tcpSocket: { ...tcpSocket, port } }),
  } as Probe
}

/**
 * A probe without a port means the container's. One by gRPC cannot be written without: Knative asks at the container's port
 * whatever it says, and clients write the usual one; another is believed here.
 */
function probe(given: Probe, port: number): Probe {
  const { httpGet, tcpSocket, grpc, ...rest } = proper(given)
  return {
    ...rest,
    ...(httpGet && { httpGet: { ...httpGet, port: httpGet.port || port } }),
    ...(tcpSocket && { tcpSocket: { ...tcpSocket, port: tcpSocket.port || port } }),
    ...(grpc && { grpc: { ...grpc, port: grpc.port && grpc.port !== portDefault ? grpc.port : port } }),
  } as Probe
}

/** A revision may write `http` where a pod must write `HTTP`. */
function proper(given: Probe): Probe {
  const { httpGet } = given
  if (!httpGet?.scheme) return given
  return { ...given, httpGet: { ...httpGet, scheme: httpGet.scheme.toUpperCase() as typeof httpGet.scheme } }
}

/** `periodSeconds: 0` asks for the most frequent probing there is: a second for the node's, the activator's own is finer. */
function eager({ periodSeconds, ...rest }: Probe): Probe {
  return { ...rest, periodSeconds: Math.max(1, periodSeconds ?? 1) } as Probe
}

function drainHook({ metadata }: Revision, { wick }: Config): object {
  if (!wick["drain-host"] || !wick["drain-port"]) return {}
  // By its uid a gateway knows that the revision's own pods ask: others have no right to read it.
  const path = `/drain/${metadata.namespace}/${metadata.name}/${metadata.uid}`
  return { lifecycle: { preStop: { httpGet: { host: wick["drain-host"], port: wick["drain-port"], path } } } }
}

/** The runtime class that the operator has chosen for the revision's labels. */
function runtimeClass({ metadata }: Revision, { deployment }: Config): string | undefined {
  const byName = deployment["runtime-class-name"]
  return byName && mostSpecific(byName, metadata.labels)
}

/** Pods of one revision rather on different machines: the loss of one leaves the others. */
function spread({ metadata }: Revision, { deployment }: Config): object | undefined {
  if (deployment["default-affinity-type"] === "none") return undefined
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: "kubernetes.io/hostname",
            labelSelector: { matchLabels: { [labels.revision]: metadata.name } },
          },
        },
      ],
    },
  }
}
