import { type Config, goDuration, readGoDuration, scalingBounds } from "@wick/sdk/api/serving/config"
import { type FieldError, invalidValue, mistake, outOfBounds } from "@wick/sdk/api/serving/field-error"
import { firstOf, type Texts } from "./annotations.ts"

const group = "autoscaling.knative.dev"
const kpa = `kpa.${group}`
const hpa = `hpa.${group}`
const int32Max = 2 ** 31 - 1
const activationScaleMin = 2

interface Found {
  readonly key: string
  readonly value: string
}

/** An annotation by its name with hyphens, or by its older one with capitals. */
function find(annotations: Texts, name: string): Found | undefined {
  const camel = name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase())
  return firstOf(annotations, `${group}/${name}`, `${group}/${camel}`)
}

/** What is wrong with the annotations that say how a revision is scaled. */
export function autoscalingMistakes(annotations: Texts, config: Config["autoscaler"]): FieldError[] {
  return [
    ...classMistakes(annotations),
    ...scaleMistakes(annotations, config),
    ...numberMistakes(annotations),
    ...windowMistakes(annotations),
    ...delayMistakes(annotations),
    ...metricMistakes(annotations),
    ...algorithmMistakes(annotations),
    ...initialScaleMistakes(annotations, config),
  ]
}

function classMistakes(annotations: Texts): FieldError[] {
  const found = find(annotations, "class")
  const isStrange = found?.value.endsWith(group) && found.value !== kpa && found.value !== hpa
  return found && isStrange ? [invalidValue(found.value, found.key)] : []
}

/** The whole number of an annotation; 0 where there is none or a wrong one. */
function whole(found: Found | undefined): { readonly value: number; readonly mistakes: FieldError[] } {
  if (found === undefined) return { value: 0, mistakes: [] }
  if (!/^[+-]?\d+$/.test(found.value)) return { value: 0, mistakes: [invalidValue(found.value, found.key)] }
  const value = Number(found.value)
  if (value < 0 || value > int32Max) return { value: 0, mistakes: [outOfBounds(found.value, 0, int32Max, found.key)] }
  return { value, mistakes: [] }
}

function scaleMistakes(annotations: Texts, config: Config["autoscaler"]): FieldError[] {
  const min = whole(find(annotations, "min-scale"))
  const given = find(annotations, "max-scale")
  const max = whole(given)
  const crossed = max.value !== 0 && max.value < min.value
  return [
    ...min.mistakes,
    ...max.mistakes,
    ...(crossed
      ? [
          mistake(
            `max-scale=${max.value} is less than min-scale=${min.value}`,
            `${group}/max-scale`,
            `${group}/min-scale`,
          ),
        ]
      : []),
    ...(given && max.mistakes.length === 0 ? limitMistakes(given.key, max.value, config["max-scale-limit"]) : []),
    ...activationMistakes(find(annotations, "activation-scale"), min.value, max.value),
  ]
}

function limitMistakes(key: string, max: number, limit: number): FieldError[] {
  if (limit === 0) return []
  if (max === 0) return [mistake(`max-scale=0 (unlimited), must be less than ${limit}`, key)]
  return max > limit ? [outOfBounds(max, 1, limit, key)] : []
}

function activationMistakes(found: Found | undefined, min: number, max: number): FieldError[] {
  if (found === undefined) return []
  if (!/^[+-]?\d+$/.test(found.value)) return [invalidValue(found.value, found.key)]
  const value = Number(found.value)
  if (min > value) return [mistake(`min-scale=${min} is greater than activation-scale=${value}`, found.key)]
  if (max !== 0 && max < value) return [mistake(`max-scale=${max} is less than activation-scale=${value}`, found.key)]
  if (value >= activationScaleMin) return []
  return [mistake(`activation-scale=${value} must be greater than ${activationScaleMin - 1}`, found.key)]
}

/** The number of an annotation; undefined where it is none. */
function number({ value }: Found): number | undefined {
  const parsed = Number(value)
  return value.trim() === value && value !== "" && !Number.isNaN(parsed) ? parsed : undefined
}

function numberMistakes(annotations: Texts): FieldError[] {
  const { panicWindowPercentageMin, panicWindowPercentageMax, targetMin } = scalingBounds
  const { panicThresholdPercentageMin, panicThresholdPercentageMax } = scalingBounds
  const judge = (name: string, wrong: (value: number, found: Found) => FieldError | undefined): FieldError[] => {
    const found = find(annotations, name)
    if (found === undefined) return []
    const value = number(found)
    const error = value === undefined ? invalidValue(found.value, found.key) : wrong(value, found)
    return error ? [error] : []
  }
  const within = (name: string, min: number, max: number): FieldError[] =>
    judge(name, (value, found) =>
      value < min || value > max ? outOfBounds(found.value, min, max, found.key) : undefined,
    )
  return [
    ...within("panic-window-percentage", panicWindowPercentageMin, panicWindowPercentageMax),
    ...within("panic-threshold-percentage", panicThresholdPercentageMin, panicThresholdPercentageMax),
    ...judge("target", (value, found) =>
      value < targetMin ? mistake(`target ${found.value} should be at least ${targetMin}`, found.key) : undefined,
    ),
    ...within("target-utilization-percentage", 1, 100),
    ...judge("target-burst-capacity", (value, found) =>
      value < 0 && value !== -1 ? invalidValue(found.value, found.key) : undefined,
    ),
  ]
}

const imprecise = "must be specified with at most second precision"

function windowMistakes(annotations: Texts): FieldError[] {
  return timeMistakes(find(annotations, "window"), scalingBounds.windowMin, true)
}

function delayMistakes(annotations: Texts): FieldError[] {
  return [
    ...timeMistakes(find(annotations, "scale-to-zero-pod-retention-period"), 0, false),
    ...timeMistakes(find(annotations, "scale-down-delay"), 0, true),
  ]
}

/** A time from a minimum to the longest window; whole seconds where that is asked for. */
function timeMistakes(found: Found | undefined, minMs: number, wholeSeconds: boolean): FieldError[] {
  if (found === undefined) return []
  const read = readGoDuration(found.value)
  if ("mistake" in read) return [invalidValue(found.value, found.key)]
  const { windowMax } = scalingBounds
  if (read.ms < minMs || read.ms > windowMax)
    return [outOfBounds(found.value, goDuration(minMs), goDuration(windowMax), found.key)]
  return wholeSeconds && read.ms % 1_000 !== 0 ? [mistake(imprecise, found.key)] : []
}

/** Other autoscalers than Knative's two may measure what they like. */
function metricMistakes(annotations: Texts): FieldError[] {
  const found = find(annotations, "metric")
  if (found === undefined) return []
  const itsClass = find(annotations, "class")?.value ?? kpa
  const known = itsClass === kpa ? ["concurrency", "rps"].includes(found.value) : itsClass !== hpa || found.value !== ""
  return known ? [] : [invalidValue(found.value, found.key)]
}

const algorithms = ["", "linear", "weighted-exponential", "weightedExponential"]

function algorithmMistakes(annotations: Texts): FieldError[] {
  const found = find(annotations, "metric-aggregation-algorithm")
  const itsClass = find(annotations, "class")?.value ?? kpa
  if (found === undefined || itsClass !== kpa || algorithms.includes(found.value)) return []
  return [invalidValue(found.value, found.key)]
}

function initialScaleMistakes(annotations: Texts, config: Config["autoscaler"]): FieldError[] {
  const found = find(annotations, "initial-scale")
  if (found === undefined) return []
  const { key, value } = found
  if (!/^[+-]?\d+$/.test(value)) return [invalidValue(value, key)]
  if (Number(value) < 0) return [invalidValue(value, `${key} must be greater than 0`)]
  const isRefused = Number(value) === 0 && !config["allow-zero-initial-scale"]
  return isRefused ? [invalidValue(value, `${key}=0 not allowed by cluster`)] : []
}
