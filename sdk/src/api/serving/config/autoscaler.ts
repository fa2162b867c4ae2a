import { goDuration } from "./go-duration.ts"
import { bool, duration, float, int32, text } from "./reading.ts"
import { defineMap, setting, type ValuesOf } from "./setting.ts"

/** Bounds that annotations and this map share. Times are milliseconds. */
export const scalingBounds = {
  targetMin: 0.01,
  windowMin: 6_000,
  windowMax: 3_600_000,
  panicWindowPercentageMin: 1,
  panicWindowPercentageMax: 100,
  panicThresholdPercentageMin: 110,
  panicThresholdPercentageMax: 1_000,
} as const

const settings = {
  "container-concurrency-target-percentage": setting(
    float,
    "70",
    "How much of its target a pod should bear, in percent; the rest is room for what comes while another pod starts. Up to 1 it is read as a fraction.",
  ),
  "container-concurrency-target-default": setting(
    float,
    "100",
    "Requests at a time that a pod is reckoned to bear when neither a target nor containerConcurrency is set.",
  ),
  "requests-per-second-target-default": setting(
    float,
    "200",
    "Requests per second that a pod is reckoned to bear when it scales on rps and sets no target.",
  ),
  "target-burst-capacity": setting(
    float,
    "211",
    "Requests for which there must be room beyond the present load before the activator may step aside. 0: only at zero pods. -1: it never does.",
  ),
  "stable-window": setting(duration, "60s", "Time over which load is averaged."),
  "panic-window-percentage": setting(float, "10", "Share of the stable window over which a sudden load is averaged."),
  "panic-threshold-percentage": setting(
    float,
    "200",
    "Panic begins when as many percent of the ready pods would be needed. While it lasts nothing is scaled down.",
  ),
  "max-scale-up-rate": setting(float, "1000", "The most that the count of pods is multiplied by in one step."),
  "max-scale-down-rate": setting(float, "2", "The most that the count of pods is divided by in one step."),
  "enable-scale-to-zero": setting(bool, "true", "Whether what gets no requests has no pods."),
  "scale-to-zero-grace-period": setting(
    duration,
    "30s",
    "The longest that the last pod is kept while the way of requests is being changed over.",
  ),
  "scale-to-zero-pod-retention-period": setting(
    duration,
    "0s",
    "The shortest that the last pod is kept once scaling to zero is decided.",
  ),
  "pod-autoscaler-class": setting(
    text,
    "kpa.autoscaling.knative.dev",
    "Who scales revisions without a class annotation.",
  ),
  "activator-capacity": setting(float, "100", "Requests at a time that one activator is reckoned to bear."),
  "initial-scale": setting(int32, "1", "Pods that a new revision must have before it is ready."),
  "allow-zero-initial-scale": setting(bool, "false", "Whether that may be 0: ready without ever having run."),
  "min-scale": setting(int32, "0", "The fewest pods of a revision that does not say."),
  "max-scale": setting(int32, "0", "The most pods of a revision that does not say. 0: no limit."),
  "max-scale-limit": setting(
    int32,
    "0",
    "The most that any revision may ask for. 0: no limit. With a limit, max-scale must be set and no revision may ask for none.",
  ),
  "scale-down-delay": setting(duration, "0s", "Time that load must stay low before pods are taken away."),
} as const
type Values = ValuesOf<typeof settings>

/** How revisions are scaled that do not say otherwise by annotation. */
export const autoscalerMap = defineMap(
  "config-autoscaler",
  "How revisions are scaled that do not say otherwise by annotation.",
  settings,
  (values) => [...rateMistakes(values), ...timeMistakes(values), ...countMistakes(values)],
)

/** The target percentage as a fraction: for old times' sake up to 1 it is one already. */
export function targetFraction(percentage: number): number {
  return percentage > 1 ? percentage / 100 : percentage
}

function rateMistakes(values: Values): string[] {
  const mistakes: string[] = []
  const burst = values["target-burst-capacity"]
  if (burst < 0 && burst !== -1)
    mistakes.push(`target-burst-capacity must be either non-negative or -1 (for unlimited), was: ${burst.toFixed(6)}`)
  const fraction = targetFraction(values["container-concurrency-target-percentage"])
  if (fraction <= 0 || fraction > 1)
    mistakes.push(
      `container-concurrency-target-percentage = ${fraction.toFixed(6)} is outside of valid range of (0, 100]`,
    )
  const target = fraction * values["container-concurrency-target-default"]
  if (target < scalingBounds.targetMin)
    mistakes.push(
      `container-concurrency-target-percentage and container-concurrency-target-default yield target concurrency of ${target}, can't be less than ${scalingBounds.targetMin}`,
    )
  const rps = values["requests-per-second-target-default"]
  if (rps < scalingBounds.targetMin)
    mistakes.push(`requests-per-second-target-default must be at least ${scalingBounds.targetMin}, was: ${rps}`)
  const capacity = values["activator-capacity"]
  if (capacity < 1) mistakes.push(`activator-capacity = ${capacity}, must be at least 1`)
  for (const key of ["max-scale-up-rate", "max-scale-down-rate"] as const)
    if (values[key] <= 1) mistakes.push(`${key} = ${values[key]}, must be greater than 1.0`)
  return mistakes
}

function timeMistakes(values: Values): string[] {
  const mistakes: string[] = []
  const { windowMin, windowMax, panicWindowPercentageMin, panicWindowPercentageMax } = scalingBounds
  const shown = (key: keyof Values): string => goDuration(values[key] as number)
  if (values["scale-to-zero-grace-period"] <= 0)
    mistakes.push(`scale-to-zero-grace-period must be positive, was: ${shown("scale-to-zero-grace-period")}`)
  for (const key of ["scale-down-delay", "scale-to-zero-pod-retention-period"] as const)
    if (values[key] < 0) mistakes.push(`${key} cannot be negative, was: ${shown(key)}`)
  const window = values["stable-window"]
  if (window < windowMin || window > windowMax)
    mistakes.push(
      `stable-window = ${shown("stable-window")}, must be in [${goDuration(windowMin)}; ${goDuration(windowMax)}] range`,
    )
  for (const key of ["scale-down-delay", "stable-window"] as const)
    if (values[key] % 1_000 !== 0)
      mistakes.push(`${key} = ${shown(key)}, must be specified with at most second precision`)
  const panic = values["panic-window-percentage"]
  if (panic < panicWindowPercentageMin || panic > panicWindowPercentageMax)
    mistakes.push(
      `panic-window-percentage = ${panic}, must be in [${panicWindowPercentageMin}, ${panicWindowPercentageMax}] interval`,
    )
  return mistakes
}

function countMistakes(values: Values): string[] {
  const mistakes: string[] = []
  const initial = values["initial-scale"]
  if (initial < 0 || (initial === 0 && !values["allow-zero-initial-scale"]))
    mistakes.push(
      `initial-scale = ${initial}, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)`,
    )
  const min = values["min-scale"]
  if (min < 0) mistakes.push(`min-scale = ${min}, must be at least 0`)
  const limit = values["max-scale-limit"]
  const max = values["max-scale"]
  const least = limit > 0 ? 1 : 0
  if (max < least || (limit > 0 && max > limit))
    mistakes.push(`max-scale = ${max}, must be in [${least}, max-scale-limit(${limit})] range`)
  if (limit < 0) mistakes.push(`max-scale-limit = ${limit}, must be at least 0`)
  return mistakes
}
