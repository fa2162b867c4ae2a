import type { Face } from "../face.ts"
import type { AnyObject } from "../kind.ts"
import { HorizontalPodAutoscaler } from "./horizontal-pod-autoscaler.ts"
import { HorizontalPodAutoscalerV1 } from "./horizontal-pod-autoscaler-v1.ts"
import { metricFromV1, metricToV1 } from "./metric-conversion.ts"

type Fields = Readonly<Record<string, unknown>>

const prefix = "autoscaling.alpha.kubernetes.io/"
const keys = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
}

/** `autoscaling/v1`: CPU has fields of its own, everything else stands in annotations. */
export const horizontalPodAutoscalerFace: Face = {
  kind: HorizontalPodAutoscalerV1,
  stored: HorizontalPodAutoscaler,
  toStored,
  fromStored,
  fieldPaths: {},
}

function fromStored({ metadata, spec, status }: AnyObject): AnyObject {
  const { metrics, behavior, ...rest } = (spec ?? {}) as { metrics?: Fields[]; behavior?: Fields }
  const { currentMetrics, conditions, ...seen } = (status ?? {}) as { currentMetrics?: Fields[]; conditions?: Fields[] }
  const cpu = metrics?.find(isCpuUse)
  const cpuNow = currentMetrics?.map((metric) => usedCpu(metric, "current")).find((percent) => percent !== undefined)
  const others = metrics?.filter((metric) => !isCpuUse(metric)) ?? []
  const told = {
    ...(others.length > 0 && { [keys.metrics]: others.map((metric) => metricToV1(metric, "target")) }),
    ...(currentMetrics?.length && {
      [keys.currentMetrics]: currentMetrics.map((metric) => metricToV1(metric, "current")),
    }),
    ...(conditions?.length && { [keys.conditions]: conditions }),
    ...(behavior && { [keys.behavior]: withCapitals(behavior) }),
  }
  const annotations = {
    ...metadata.annotations,
    ...Object.fromEntries(Object.entries(told).map(([key, value]) => [key, JSON.stringify(value)])),
  }
  return {
    apiVersion: HorizontalPodAutoscalerV1.apiVersion,
    kind: HorizontalPodAutoscalerV1.kind,
    metadata: { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) },
    ...(spec !== undefined && {
      spec: { ...rest, ...(cpu && { targetCPUUtilizationPercentage: usedCpu(cpu, "target") }) },
    }),
    ...(status !== undefined && {
      // Counts that the older version always has.
      status: {
        currentReplicas: 0,
        desiredReplicas: 0,
        ...seen,
        ...(cpuNow !== undefined && { currentCPUUtilizationPercentage: cpuNow }),
      },
    }),
  }
}

function toStored({ metadata, spec, status }: AnyObject): AnyObject {
  const { targetCPUUtilizationPercentage: target, ...rest } = (spec ?? {}) as {
    targetCPUUtilizationPercentage?: number
  }
  const { currentCPUUtilizationPercentage: percent, ...seen } = (status ?? {}) as {
    currentCPUUtilizationPercentage?: number
  }
  const told = (key: string): unknown => read(metadata.annotations?.[key])
  const others = list(told(keys.metrics)).map((metric) => metricFromV1(metric, "target"))
  const metrics = target === undefined ? others : [...others, cpuMetric("target", target)]
  const current = list(told(keys.currentMetrics)).map((metric) => metricFromV1(metric, "current"))
  const currentMetrics = current.length > 0 || percent === undefined ? current : [cpuMetric("current", percent)]
  const conditions = list(told(keys.conditions))
  const behavior = told(keys.behavior)
  const { annotations, ...meta } = metadata
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !Object.values(keys).includes(key))
  return {
    apiVersion: HorizontalPodAutoscaler.apiVersion,
    kind: HorizontalPodAutoscaler.kind,
    metadata: { ...meta, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) },
    ...(spec !== undefined && {
      spec: {
        ...rest,
        ...(metrics.length > 0 && { metrics }),
        ...(isFields(behavior) && { behavior: withoutCapitals(behavior) }),
      },
    }),
    ...(status !== undefined && {
      status: {
        ...seen,
        ...(currentMetrics.length > 0 && { currentMetrics }),
        ...(conditions.length > 0 && { conditions }),
      },
    }),
  }
}

function isCpuUse(metric: Fields): boolean {
  return usedCpu(metric, "target") !== undefined
}

function usedCpu(metric: Fields, amount: "target" | "current"): number | undefined {
  const resource = metric.resource as { name?: string; [amount: string]: unknown } | undefined
  if (metric.type !== "Resource" || resource?.name !== "cpu") return undefined
  return (resource[amount] as { averageUtilization?: number } | undefined)?.averageUtilization
}

function cpuMetric(amount: "target" | "current", averageUtilization: number): Fields {
  const value = amount === "target" ? { type: "Utilization", averageUtilization } : { averageUtilization }
  return { type: "Resource", resource: { name: "cpu", [amount]: value } }
}

/** The value in an annotation; what cannot be read was never written by a server, and says nothing. */
function read(annotation: string | undefined): unknown {
  if (annotation === undefined) return undefined
  try {
    return JSON.parse(annotation)
  } catch {
    return undefined
  }
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** The annotation writes the behaviour's fields with capitals. */
function withCapitals(value: unknown): unknown {
  return withNames(value, (name) => name.charAt(0).toUpperCase() + name.slice(1))
}

function withoutCapitals(value: unknown): unknown {
  return withNames(value, (name) => name.charAt(0).toLowerCase() + name.slice(1))
}

function withNames(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withNames(item, rename))
  if (!isFields(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), withNames(item, rename)]))
}
