import type { Container } from "@wick/sdk/api/core/container"
import type { Probe } from "@wick/sdk/api/core/probe"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { IntOrString } from "@wick/sdk/api/meta/int-or-string"
import { each, forbidden, invalid, notNegative, oneOf, portNumber, positive, present, required } from "../mistake.ts"
import { headerName, portName } from "../name-format.ts"

type Probed = Pick<Container, "livenessProbe" | "readinessProbe" | "startupProbe" | "lifecycle">
type Handler = NonNullable<NonNullable<Container["lifecycle"]>["postStart"]>

export function probesMistakes(field: string, container: Probed): FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container
  return [
    ...handlerOf(`${field}.lifecycle.postStart`, lifecycle?.postStart),
    ...handlerOf(`${field}.lifecycle.preStop`, lifecycle?.preStop),
    ...once(`${field}.livenessProbe`, livenessProbe),
    ...(readinessProbe ? readinessMistakes(`${field}.readinessProbe`, readinessProbe) : []),
    ...once(`${field}.startupProbe`, startupProbe),
  ]
}

/** One success is enough for a probe whose failure restarts the container. */
function once(at: string, probe: Probe | undefined): FieldError[] {
  if (!probe) return []
  const mistakes = probeMistakes(at, probe)
  if (probe.terminationGracePeriodSeconds !== undefined) {
    mistakes.push(...positive(`${at}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds))
  }
  return probe.successThreshold === undefined || probe.successThreshold === 1
    ? mistakes
    : [...mistakes, invalid(`${at}.successThreshold`, probe.successThreshold, "must be 1")]
}

function readinessMistakes(at: string, probe: Probe): FieldError[] {
  const { terminationGracePeriodSeconds: seconds } = probe
  const detail = "must not be set for readinessProbes"
  return [
    ...probeMistakes(at, probe),
    ...(seconds === undefined ? [] : [invalid(`${at}.terminationGracePeriodSeconds`, seconds, detail)]),
  ]
}

function probeMistakes(at: string, probe: Probe): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc } = probe
  return [
    ...handlerMistakes(at, { exec, httpGet, tcpSocket, grpc }),
    ...notNegative(`${at}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...notNegative(`${at}.timeoutSeconds`, probe.timeoutSeconds),
    ...notNegative(`${at}.periodSeconds`, probe.periodSeconds),
    ...notNegative(`${at}.successThreshold`, probe.successThreshold),
    ...notNegative(`${at}.failureThreshold`, probe.failureThreshold),
  ]
}

function handlerOf(at: string, handler: Handler | undefined): FieldError[] {
  return handler ? handlerMistakes(at, handler) : []
}

interface AnyHandler {
  readonly exec?: { readonly command?: readonly string[] | undefined } | undefined
  readonly httpGet?: Probe["httpGet"]
  readonly tcpSocket?: Probe["tcpSocket"]
  readonly grpc?: Probe["grpc"]
  readonly sleep?: { readonly seconds: number } | undefined
}

/** Exactly one way to ask, and that one complete. */
function handlerMistakes(at: string, handler: AnyHandler): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const given = Object.entries({ exec, httpGet, tcpSocket, grpc, sleep }).filter(([, way]) => way)
  const mistakes = given
    .slice(1)
    .map(([name]) => forbidden(`${at}.${name}`, "may not specify more than 1 handler type"))
  if (exec && (exec.command ?? []).length === 0) mistakes.push(required(`${at}.exec.command`))
  if (httpGet) {
    mistakes.push(...present(`${at}.httpGet.path`, httpGet.path))
    mistakes.push(...portMistakes(`${at}.httpGet.port`, httpGet.port))
    mistakes.push(...oneOf(`${at}.httpGet.scheme`, httpGet.scheme, ["HTTP", "HTTPS"]))
    mistakes.push(
      ...each(`${at}.httpGet.httpHeaders`, httpGet.httpHeaders, ({ name }) =>
        headerName(`${at}.httpGet.httpHeaders`, name),
      ),
    )
  }
  if (tcpSocket) mistakes.push(...portMistakes(`${at}.tcpSocket.port`, tcpSocket.port))
  if (grpc) mistakes.push(...portNumber(`${at}.grpc.port`, grpc.port))
  if (sleep && sleep.seconds < 0) mistakes.push(...notNegative(`${at}.sleep`, sleep.seconds))
  return given.length === 0 ? [required(at, "must specify a handler type")] : mistakes
}

function portMistakes(at: string, port: IntOrString): FieldError[] {
  return typeof port === "number" ? portNumber(at, port) : portName(at, port)
}
