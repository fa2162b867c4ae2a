import { parseDurationMs } from "./duration.ts"

/** How one revision is scaled: annotations over `config-autoscaler` over defaults, all checked. */
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
  readonly scaleToZero: boolean
  readonly retentionMs: number
  /** A first pod that takes longer than this will not come. */
  readonly activationTimeoutMs: number
  readonly reachable: boolean
}

/** What is read of a PodAutoscaler. */
export interface ScaledView {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined }
  readonly spec: { readonly containerConcurrency?: number | undefined; readonly reachability?: string | undefined }
}

type Texts = Readonly<Record<string, string>>

/** Beyond a Deployment's progress deadline, for the kubelet's own news to arrive. */
const activationMarginMs = 30_000
const leastTarget = 0.01

/** Values that are not what they should be are passed over: the webhook has refused them, unless it was not there. */
export function scalingSpec(scaled: ScaledView, config: Texts): ScalingSpec {
  const read = reader(scaled.metadata.annotations ?? {}, config)
  const rps = read.text("metric", undefined, "concurrency") === "rps"
  const { total, effective } = targets(read, rps, scaled.spec.containerConcurrency ?? 0)
  const stableWindowMs = read.duration("window", "stable-window", 60_000)
  const algorithm = read.text("metric-aggregation-algorithm", undefined, "linear")
  return {
    metric: rps ? "rps" : "concurrency",
    algorithm: algorithm === "weighted-exponential" ? algorithm : "linear",
    targetPerPod: effective,
    totalPerPod: total,
    stableWindowMs,
    panicWindowMs: (stableWindowMs * read.number("panic-window-percentage", "panic-window-percentage", 10)) / 100,
    panicThreshold: read.number("panic-threshold-percentage", "panic-threshold-percentage", 200) / 100,
    maxScaleUpRate: read.number(undefined, "max-scale-up-rate", 1000),
    maxScaleDownRate: read.number(undefined, "max-scale-down-rate", 2),
    minScale: read.number("min-scale", "min-scale", 0),
    maxScale: limitedMax(read.number("max-scale", "max-scale", 0), read.number(undefined, "max-scale-limit", 0)),
    initialScale: read.number("initial-scale", "initial-scale", 1),
    activationScale: read.number("activation-scale", "activation-scale", 1),
    scaleDownDelayMs: read.duration("scale-down-delay", "scale-down-delay", 0),
    targetBurstCapacity: read.number("target-burst-capacity", "target-burst-capacity", 211),
    scaleToZero: read.text(undefined, "enable-scale-to-zero", "true") === "true",
    retentionMs: read.duration("scale-to-zero-pod-retention-period", "scale-to-zero-pod-retention-period", 0),
    activationTimeoutMs: read.duration("progress-deadline", undefined, 600_000) + activationMarginMs,
    reachable: scaled.spec.reachability !== "Unreachable",
  }
}

/** With a hard limit per pod no target beyond it can be met. */
function targets(read: Reader, rps: boolean, limit: number): { total: number; effective: number } {
  const key = rps ? "requests-per-second-target-default" : "container-concurrency-target-default"
  let utilization = read.number("target-utilization-percentage", "container-concurrency-target-percentage", 70) / 100
  // An older spelling of the same key is a fraction.
  if (utilization <= 0.01) utilization *= 100
  const asked = read.number("target", undefined, 0)
  const fallback = read.number(undefined, key, rps ? 200 : 100)
  let total = asked > 0 ? asked : fallback
  if (!rps && limit > 0) total = asked > 0 ? Math.min(asked, limit) : limit
  return { total, effective: Math.max(leastTarget, total * utilization) }
}

function limitedMax(max: number, limit: number): number {
  if (limit === 0) return max
  return max === 0 ? limit : Math.min(max, limit)
}

interface Reader {
  text(annotation: string | undefined, key: string | undefined, fallback: string): string
  number(annotation: string | undefined, key: string | undefined, fallback: number): number
  duration(annotation: string | undefined, key: string | undefined, fallbackMs: number): number
}

function reader(annotations: Texts, config: Texts): Reader {
  const found = (annotation: string | undefined, key: string | undefined): string[] => {
    const texts = [annotation && annotated(annotations, annotation), key && config[key]]
    return texts.filter((text): text is string => text !== undefined && text !== "")
  }
  const parsed = <Value>(texts: string[], parse: (text: string) => Value | undefined, fallback: Value): Value =>
    texts.map(parse).find((value) => value !== undefined) ?? fallback
  return {
    text: (annotation, key, fallback) => found(annotation, key)[0] ?? fallback,
    number: (annotation, key, fallback) => parsed(found(annotation, key), parseNumber, fallback),
    duration: (annotation, key, fallbackMs) => parsed(found(annotation, key), parseDurationMs, fallbackMs),
  }
}

/** `autoscaling.knative.dev/min-scale`, its older spelling `minScale`, or the deadline under its own group. */
function annotated(annotations: Texts, name: string): string | undefined {
  const camel = name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase())
  return (
    annotations[`autoscaling.knative.dev/${name}`] ??
    annotations[`autoscaling.knative.dev/${camel}`] ??
    annotations[`serving.knative.dev/${name}`]
  )
}

function parseNumber(text: string): number | undefined {
  const value = Number(text)
  return text.trim() !== "" && Number.isFinite(value) ? value : undefined
}
