import { type Config, readGoDuration, targetFraction } from "@wick/sdk/api/serving/config"
import { scalingAnnotation } from "@wick/sdk/api/serving/scaling-annotation"

/** How one revision is scaled: annotations over `config-autoscaler`, all checked. */
export interface ScalingSpec {
  readonly metric: "concurrency" | "rps"
  readonly algorithm: "linear" | "weighted-exponential"
  /** What a pod should bear on average: target × utilization, at least 0.01. */
  readonly targetPerPod: number
  /** What a pod can bear: the target before utilization is taken off. */
  readonly totalPerPod: number
  readonly stableWindowMs: number
  readonly panicWindowMs: number
  /** Panic begins when the wanted pods are this many times the ready ones. */
  readonly panicThreshold: number
  readonly maxScaleUpRate: number
  readonly maxScaleDownRate: number
  readonly minScale: number
  /** 0: none. */
  readonly maxScale: number
  readonly initialScale: number
  /** Least number of pods when there are any; 1 is no rule. */
  readonly activationScale: number
  readonly scaleDownDelayMs: number
  /** Requests that must fit beside the present load before the activator could step aside; -1: always in the path. */
  readonly targetBurstCapacity: number
  /** Requests that one activator is reckoned to bear. */
  readonly activatorCapacity: number
  readonly scaleToZero: boolean
  readonly retentionMs: number
  /** How long the last pod waits at most for activators to stand where it stood. */
  readonly graceMs: number
  /** A first pod that takes longer than this will not come. */
  readonly activationTimeoutMs: number
  readonly reachable: boolean
}

/** What is read of a PodAutoscaler. */
export interface ScaledView {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined }
  readonly spec: { readonly containerConcurrency?: number | undefined; readonly reachability?: string | undefined }
}

type ScalingDefaults = Config["autoscaler"]

/** Beyond a Deployment's progress deadline, for the kubelet's own news to arrive. */
const activationMarginMs = 30_000
const progressDeadlineMs = 600_000
const progressDeadline = "serving.knative.dev/progress-deadline"
const leastTarget = 0.01

/** Annotations that are not what they should be are passed over: the webhook has refused them, unless it was not there. */
export function scalingSpec({ metadata, spec }: ScaledView, config: ScalingDefaults): ScalingSpec {
  const text = (name: string): string | undefined => scalingAnnotation(metadata.annotations, name)
  const number = (name: string, fallback: number): number => parseNumber(text(name)) ?? fallback
  const duration = (name: string, fallbackMs: number): number => parseMs(text(name)) ?? fallbackMs
  const rps = text("metric") === "rps"
  const { total, effective } = targets(text, rps, spec.containerConcurrency ?? 0, config)
  const stableWindowMs = duration("window", config["stable-window"])
  const percent = (name: "panic-window-percentage" | "panic-threshold-percentage"): number => number(name, config[name])
  const retention = "scale-to-zero-pod-retention-period"
  const deadlineMs = parseMs(metadata.annotations?.[progressDeadline]) ?? progressDeadlineMs
  return {
    metric: rps ? "rps" : "concurrency",
    algorithm: text("metric-aggregation-algorithm") === "weighted-exponential" ? "weighted-exponential" : "linear",
    targetPerPod: effective,
    totalPerPod: total,
    stableWindowMs,
    panicWindowMs: (stableWindowMs * percent("panic-window-percentage")) / 100,
    panicThreshold: percent("panic-threshold-percentage") / 100,
    maxScaleUpRate: config["max-scale-up-rate"],
    maxScaleDownRate: config["max-scale-down-rate"],
    minScale: number("min-scale", config["min-scale"]),
    maxScale: limitedMax(number("max-scale", config["max-scale"]), config["max-scale-limit"]),
    initialScale: number("initial-scale", config["initial-scale"]),
    activationScale: number("activation-scale", 1),
    scaleDownDelayMs: duration("scale-down-delay", config["scale-down-delay"]),
    targetBurstCapacity: number("target-burst-capacity", config["target-burst-capacity"]),
    activatorCapacity: config["activator-capacity"],
    scaleToZero: config["enable-scale-to-zero"],
    retentionMs: duration(retention, config[retention]),
    graceMs: config["scale-to-zero-grace-period"],
    activationTimeoutMs: deadlineMs + activationMarginMs,
    reachable: spec.reachability !== "Unreachable",
  }
}

/** With a hard limit per pod no target beyond it can be met. */
function targets(
  text: (name: string) => string | undefined,
  rps: boolean,
  limit: number,
  config: ScalingDefaults,
): { total: number; effective: number } {
  const own = parseNumber(text("target-utilization-percentage"))
  const utilization = own === undefined ? targetFraction(config["container-concurrency-target-percentage"]) : own / 100
  const asked = parseNumber(text("target")) ?? 0
  const fallback = config[rps ? "requests-per-second-target-default" : "container-concurrency-target-default"]
  let total = asked > 0 ? asked : fallback
  if (!rps && limit > 0) total = asked > 0 ? Math.min(asked, limit) : limit
  return { total, effective: Math.max(leastTarget, total * utilization) }
}

function limitedMax(max: number, limit: number): number {
  if (limit === 0) return max
  return max === 0 ? limit : Math.min(max, limit)
}

function parseNumber(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== undefined && text.trim() !== "" && Number.isFinite(value) ? value : undefined
}

function parseMs(text: string | undefined): number | undefined {
  const read = readGoDuration(text ?? "")
  return "ms" in read && read.ms >= 0 ? read.ms : undefined
}
