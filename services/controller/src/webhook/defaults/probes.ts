type Json = Record<string, unknown>

const failureThresholdDefault = 3
const timeoutSecondsDefault = 1

/**
 * The readiness probe: without one of its own the serving container is ready when its port takes connections. One with
 * a period is Kubernetes' and gets Kubernetes' defaults; one without asks as often as the platform can.
 */
export function readinessDefaults(given: Json | undefined, isServing: boolean): Json | undefined {
  if (given === undefined && !isServing) return undefined
  const asks = given && (given.httpGet ?? given.exec ?? given.grpc ?? given.tcpSocket)
  const probe: Json = {
    ...given,
    ...(!asks && isServing && { tcpSocket: { port: 0 } }),
    successThreshold: given?.successThreshold || 1,
  }
  if (!probe.periodSeconds) return probe
  return {
    ...probe,
    failureThreshold: probe.failureThreshold || failureThresholdDefault,
    timeoutSeconds: probe.timeoutSeconds || timeoutSecondsDefault,
  }
}

/** Port 0 is the container's own. gRPC asks for a service by name; the empty one is the whole server. */
export function probeDefaults(probe: Json): Json {
  const asks = (["httpGet", "tcpSocket", "grpc"] as const).filter((kind) => probe[kind] !== undefined)
  const filled = asks.map((kind) => {
    const own = probe[kind] as Json
    return [kind, { ...own, port: own.port ?? 0, ...(kind === "grpc" && { service: own.service ?? "" }) }]
  })
  return { ...probe, ...Object.fromEntries(filled) }
}
