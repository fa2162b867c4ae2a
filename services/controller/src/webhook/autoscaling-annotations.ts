import type { Mistake } from "./admission-review.ts"

type Check = (value: string) => string | undefined

const prefix = "autoscaling.knative.dev/"

const whole =
  (min: number, max = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `invalid value: ${value}: must be a whole number${max < Number.MAX_SAFE_INTEGER ? ` from ${min} to ${max}` : ` of at least ${min}`}`

const number =
  (min: number, max = Number.MAX_SAFE_INTEGER): Check =>
  (value) => {
    const parsed = Number(value)
    return value !== "" && parsed >= min && parsed <= max
      ? undefined
      : `invalid value: ${value}: expected ${min} <= value <= ${max}`
  }

const oneOf =
  (...allowed: string[]): Check =>
  (value) =>
    allowed.includes(value) ? undefined : `invalid value: ${value}: must be one of ${allowed.join(", ")}`

const secondsOf: Record<string, number> = { s: 1, m: 60, h: 3_600 }

/** A duration of whole seconds within bounds. */
const duration =
  (minSeconds: number, maxSeconds: number): Check =>
  (value) => {
    const match = /^((\d+)h)?((\d+)m)?((\d+)s)?$/.exec(value)
    if (!match || value === "") return `invalid value: ${value}: must be a duration of whole seconds, for example 60s`
    const seconds =
      Number(match[2] ?? 0) * (secondsOf.h ?? 0) + Number(match[4] ?? 0) * (secondsOf.m ?? 0) + Number(match[6] ?? 0)
    if (seconds >= minSeconds && seconds <= maxSeconds) return undefined
    return `invalid value: ${value}: expected ${minSeconds}s <= value <= ${maxSeconds}s`
  }

const hour = 3_600

/** Every annotation of the autoscaler, by name, with what its value must be. */
const checks: Record<string, Check> = {
  class: (value) => (value.length > 0 ? undefined : "invalid value: must name a class"),
  "min-scale": whole(0),
  minScale: whole(0),
  "max-scale": whole(0),
  maxScale: whole(0),
  "initial-scale": whole(0),
  initialScale: whole(0),
  "activation-scale": whole(2),
  "scale-down-delay": duration(0, hour),
  metric: (value) => (value.length > 0 ? undefined : "invalid value: must name a metric"),
  target: number(0.01),
  "target-utilization-percentage": number(1, 100),
  targetUtilizationPercentage: number(1, 100),
  window: duration(6, hour),
  "panic-window-percentage": number(1, 100),
  panicWindowPercentage: number(1, 100),
  "panic-threshold-percentage": number(110, 1_000),
  panicThresholdPercentage: number(110, 1_000),
  "target-burst-capacity": number(-1),
  targetBurstCapacity: number(-1),
  "scale-to-zero-pod-retention-period": duration(0, hour),
  "metric-aggregation-algorithm": oneOf("linear", "weighted-exponential"),
}

/** What is wrong with the autoscaling annotations of a revision, those of a template at `field`. */
export function autoscalingMistakes(
  given: Readonly<Record<string, string>> | undefined,
  field: string,
  allowZero: boolean,
): Mistake[] {
  const own = Object.entries(given ?? {}).filter(([name]) => name.startsWith(prefix))
  const mistakes = own.flatMap(([name, value]): Mistake[] => {
    const wrong = checks[name.slice(prefix.length)]?.(value)
    return wrong ? [{ message: wrong, field: `${field}.annotations[${name}]` }] : []
  })
  return [...mistakes, ...boundMistakes(given ?? {}, field), ...initialMistakes(given ?? {}, field, allowZero)]
}

function annotationValue(given: Readonly<Record<string, string>>, ...names: string[]): number | undefined {
  const found = names.map((name) => given[prefix + name]).find((value) => value !== undefined)
  return found === undefined || !/^\d+$/.test(found) ? undefined : Number(found)
}

function boundMistakes(given: Readonly<Record<string, string>>, field: string): Mistake[] {
  const min = annotationValue(given, "min-scale", "minScale")
  const max = annotationValue(given, "max-scale", "maxScale")
  if (!min || !max || min <= max) return []
  return [
    { message: `max-scale=${max} is less than min-scale=${min}`, field: `${field}.annotations[${prefix}max-scale]` },
  ]
}

function initialMistakes(given: Readonly<Record<string, string>>, field: string, allowZero: boolean): Mistake[] {
  if (allowZero || annotationValue(given, "initial-scale", "initialScale") !== 0) return []
  return [
    {
      message: "invalid value: 0: initial-scale=0 not allowed by cluster",
      field: `${field}.annotations[${prefix}initial-scale]`,
    },
  ]
}
