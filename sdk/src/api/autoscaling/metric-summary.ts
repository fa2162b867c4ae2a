import type { MetricSpec, MetricStatus } from "./metric.ts"

const shownMax = 2
const unknown = "<unknown>"

/** `cpu: 12%/80%, requests: 10/100 (avg) + 1 more...`: what is, and what should be. */
export function targetsText(metrics: readonly MetricSpec[], seen: readonly MetricStatus[]): string {
  if (metrics.length === 0) return "<none>"
  const texts = metrics.slice(0, shownMax).map((metric, at) => targetText(metric, seen[at]))
  const more = metrics.length - shownMax
  return more > 0 ? `${texts.join(", ")} + ${more} more...` : texts.join(", ")
}

function targetText(metric: MetricSpec, seen: MetricStatus | undefined): string {
  switch (metric.type) {
    case "Resource":
      return `${metric.resource?.name}: ${usageText(metric.resource?.target, seen?.resource?.current)}`
    case "ContainerResource":
      return `${metric.containerResource?.name}: ${usageText(metric.containerResource?.target, seen?.containerResource?.current)}`
    case "Pods":
      return `${seen?.pods?.current.averageValue ?? unknown}/${metric.pods?.target.averageValue}`
    case "Object":
      return valueText(metric.object?.target, seen?.object?.current)
    case "External":
      return valueText(metric.external?.target, seen?.external?.current)
    default:
      return "<unknown type>"
  }
}

type Target = NonNullable<MetricSpec["resource"]>["target"] | undefined
type Current = NonNullable<MetricStatus["resource"]>["current"] | undefined

function usageText(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue}`
  const is = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`
  return `${is}/${target?.averageUtilization === undefined ? "<auto>" : `${target.averageUtilization}%`}`
}

function valueText(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
  return `${current?.value ?? unknown}/${target?.value}`
}
