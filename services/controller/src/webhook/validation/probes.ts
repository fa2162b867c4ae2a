import type { Features } from "@wick/sdk/api/serving/config"
import {
  disallowed,
  type FieldError,
  invalidValue,
  missingOneOf,
  mistake,
  multipleOneOf,
  outOfBounds,
  via,
} from "@wick/sdk/api/serving/field-error"
import { beyond } from "./field-mask.ts"
import type { ContainerView, ProbeView } from "./pod-view.ts"

/** Kinds of probes with the fields that each may have. */
const handlers = {
  httpGet: ["host", "path", "scheme", "httpHeaders", "port"],
  tcpSocket: ["host", "port"],
  exec: ["command"],
  grpc: ["port", "service"],
} as const
type Handler = keyof typeof handlers
const kinds = Object.keys(handlers) as Handler[]
const timing = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"]
const int32Max = 2 ** 31 - 1

/** Probes of the container that gets the requests: a port that has a name must be its own. */
export function servingProbeMistakes(container: ContainerView, portName: string): FieldError[] {
  const judge = (probe: ProbeView | undefined): FieldError[] => handlerMistakes(probe, portName)
  return [
    ...via("livenessProbe", judge(container.livenessProbe)),
    ...via("readinessProbe", [...judge(container.readinessProbe), ...readinessMistakes(container.readinessProbe)]),
    ...via("startupProbe", judge(container.startupProbe)),
  ]
}

const names = ["livenessProbe", "readinessProbe", "startupProbe"] as const

/** Containers beside it have probes where the flag says so, and ask ports that they name themselves. */
export function sidecarProbeMistakes(container: ContainerView, features: Features): FieldError[] {
  if (!features.permits("multi-container-probing")) {
    return names.flatMap((name) => via(name, forbiddenProbe(container[name])))
  }
  return [
    ...names.flatMap((name) => via(name, handlerMistakes(container[name], "http", true))),
    ...via("readinessProbe", readinessMistakes(container.readinessProbe)),
  ]
}

/** Nothing of a probe may be set, each field by its name, its kind by the probe's. */
function forbiddenProbe(probe: ProbeView | undefined): FieldError[] {
  if (probe === undefined) return []
  const asks = kinds.some((kind) => probe[kind] !== undefined)
  return [...beyond(probe, kinds), ...(asks ? [disallowed("")] : [])]
}

export function initProbeMistakes(container: ContainerView): FieldError[] {
  const fields = [...names, "lifecycle"] as const
  const set = fields.filter((field) => container[field] !== undefined)
  return set.map((field) => mistake("field not allowed in an init container", field))
}

function handlerMistakes(probe: ProbeView | undefined, portName: string, needsPort = false): FieldError[] {
  if (probe === undefined) return []
  const set = kinds.filter((kind) => probe[kind] !== undefined)
  return [
    ...beyond(probe, [...timing, ...kinds]),
    ...set.flatMap((kind) => via(kind, beyond(probe[kind], handlers[kind]))),
    ...portMistakes(probe, portName, needsPort),
    ...(set.length === 0 ? [missingOneOf(...kinds)] : []),
    ...(set.length > 1 ? [multipleOneOf(...set)] : []),
  ]
}

function portMistakes(probe: ProbeView, portName: string, needsPort: boolean): FieldError[] {
  return (["httpGet", "tcpSocket"] as const).flatMap((kind) => {
    const asked = probe[kind]
    if (asked === undefined) return []
    const { port = 0 } = asked
    if (needsPort && (port === 0 || port === ""))
      return [invalidValue(0, `${kind}.port`, "Probe port must be specified")]
    if (typeof port !== "string" || port === "" || port === portName) return []
    return [invalidValue(port, `${kind}.port`, "Probe port must match container port")]
  })
}

/** Without a period the platform asks as often as it can, so that nothing else of time makes sense. */
function readinessMistakes(probe: ProbeView | undefined): FieldError[] {
  if (probe === undefined) return []
  const bounds: [field: keyof ProbeView, min: number][] = [
    ["periodSeconds", 0],
    ["initialDelaySeconds", 0],
    ["successThreshold", 1],
  ]
  const isAggressive = (probe.periodSeconds ?? 0) === 0
  if (!isAggressive) bounds.push(["timeoutSeconds", 1], ["failureThreshold", 1])
  const outside = bounds.flatMap(([field, min]) => {
    const value = (probe[field] ?? 0) as number
    return value < min ? [outOfBounds(value, min, int32Max, field)] : []
  })
  const meaningless = isAggressive ? (["failureThreshold", "timeoutSeconds"] as const) : []
  return [
    ...outside,
    ...meaningless
      .filter((field) => (probe[field] ?? 0) !== 0)
      .map((field) => mistake(`${field} is disallowed when periodSeconds is zero`, field)),
  ]
}
