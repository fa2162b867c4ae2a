import type { Config } from "@wick/sdk/api/serving/config"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { labels } from "../../../labels.ts"

type RevisionSpec = Revision["spec"]
type Container = RevisionSpec["containers"][number]
type Probe = NonNullable<Container["readinessProbe"]>

export const portDefault = 8080
const protocols: Record<string, string> = { h2c: "h2c" }

/**
 * The pod of a revision: the user's containers as they are, with what the runtime contract adds. No sidecar: the
 * activator counts, limits, times and probes from outside, and `preStop` asks it whether the pod's requests are answered.
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
  return {
    ...spec,
    containers: spec.containers.map((container) =>
      container === serving
        ? servingSpec(revision, container, config, images)
        : {
            ...container,
            image: images[container.name] ?? container.image,
            terminationMessagePolicy: "FallbackToLogsOnError",
          },
    ),
    ...(spec.initContainers && {
      initContainers: spec.initContainers.map((container) => ({
        ...container,
        image: images[container.name] ?? container.image,
        terminationMessagePolicy: "FallbackToLogsOnError",
      })),
    }),
    enableServiceLinks: spec.enableServiceLinks ?? config.defaults["enable-service-links"],
    terminationGracePeriodSeconds: timeoutSeconds ?? config.defaults["revision-timeout-seconds"],
    affinity: spec.affinity ?? spread(revision),
  }
}

/** The container that requests go to: the one with a port, or the only one. */
export function servingContainer(spec: RevisionSpec): Container | undefined {
  return spec.containers.find(({ ports }) => (ports?.length ?? 0) > 0) ?? spec.containers[0]
}

export function servingPort(spec: RevisionSpec): number {
  return servingContainer(spec)?.ports?.[0]?.containerPort ?? portDefault
}

/** `h2c` when the port's name says so, else `http1`. */
export function servingProtocol(spec: RevisionSpec): "h2c" | "http1" {
  const name = servingContainer(spec)?.ports?.[0]?.name ?? ""
  return protocols[name] === "h2c" ? "h2c" : "http1"
}

function servingSpec(
  revision: Revision,
  container: Container,
  config: Config,
  images: Readonly<Record<string, string>>,
): object {
  const port = servingPort(revision.spec)
  return {
    ...container,
    image: images[container.name] ?? container.image,
    ports: [{ name: "user-port", containerPort: port, protocol: "TCP" }],
    env: [...(container.env ?? []), ...contractEnv(revision, port)],
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(container.readinessProbe && { readinessProbe: probe(container.readinessProbe, port) }),
    ...(container.livenessProbe && { livenessProbe: probe(container.livenessProbe, port) }),
    ...(container.startupProbe && { startupProbe: probe(container.startupProbe, port) }),
    ...drainHook(revision, config),
  }
}

function contractEnv({ metadata }: Revision, port: number): { name: string; value: string }[] {
  return [
    { name: "PORT", value: String(port) },
    { name: "K_REVISION", value: metadata.name },
    { name: "K_CONFIGURATION", value: metadata.labels?.[labels.configuration] ?? "" },
    { name: "K_SERVICE", value: metadata.labels?.[labels.service] ?? "" },
  ]
}

/** A probe without a port means the container's; `periodSeconds: 0` asks for the most frequent probing there is. */
function probe(given: Probe, port: number): Probe {
  const { httpGet, tcpSocket, grpc, periodSeconds, ...rest } = given
  return {
    ...rest,
    ...(httpGet && { httpGet: { ...httpGet, port: httpGet.port || port } }),
    ...(tcpSocket && { tcpSocket: { ...tcpSocket, port: tcpSocket.port || port } }),
    ...(grpc && { grpc: { ...grpc, port: grpc.port || port } }),
    periodSeconds: Math.max(1, periodSeconds ?? 1),
  } as Probe
}

function drainHook({ metadata }: Revision, { wick }: Config): object {
  if (!wick["drain-host"] || !wick["drain-port"]) return {}
  const path = `/drain/${metadata.namespace}/${metadata.name}`
  return { lifecycle: { preStop: { httpGet: { host: wick["drain-host"], port: wick["drain-port"], path } } } }
}

/** Pods of one revision rather on different machines: the loss of one leaves the others. */
function spread({ metadata }: Revision): object {
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
