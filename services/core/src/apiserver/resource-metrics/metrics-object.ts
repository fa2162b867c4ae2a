import type { AnyObject } from "@wick/sdk/api/kind"
import { formatQuantity } from "@wick/sdk/api/meta/quantity"
import { formatTime } from "@wick/sdk/api/meta/time"
import { NodeMetrics } from "@wick/sdk/api/metrics/node-metrics"
import { PodMetrics } from "@wick/sdk/api/metrics/pod-metrics"
import type { Pair } from "./node-samples.ts"
import { type Usage, usageBetween } from "./usage.ts"

/** Whom metrics are about: their object has the same name and labels. */
export interface Measured {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/** Pure: the NodeMetrics of a node; undefined when its figures tell nothing. */
export function nodeMetrics(node: Measured, { before, after }: Pair, nowMs: number): AnyObject | undefined {
  const usage = after.node && usageBetween(before.node, after.node)
  if (!usage) return undefined
  const { apiVersion, kind } = NodeMetrics
  return { apiVersion, kind, metadata: metadataOf(node, nowMs), ...timeOf(usage), usage: amounts(usage) }
}

/** Pure: the PodMetrics of a pod with these containers; undefined when none of them tells anything yet. */
export function podMetrics(
  pod: Measured,
  containers: readonly string[],
  { before, after }: Pair,
  nowMs: number,
): AnyObject | undefined {
  const used = containers.flatMap((name) => {
    const key = `${pod.namespace}/${pod.name}/${name}`
    const reading = after.containers.get(key)
    const usage = reading && usageBetween(before.containers.get(key), reading)
    return usage ? [{ name, usage }] : []
  })
  const [first] = used
  if (!first) return undefined
  const { apiVersion, kind } = PodMetrics
  return {
    apiVersion,
    kind,
    metadata: metadataOf(pod, nowMs),
    ...timeOf(first.usage),
    containers: used.map(({ name, usage }) => ({ name, usage: amounts(usage) })),
  }
}

function metadataOf({ name, namespace, labels }: Measured, nowMs: number): AnyObject["metadata"] {
  return {
    name,
    ...(namespace !== "" && { namespace }),
    creationTimestamp: formatTime(nowMs),
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
  }
}

function timeOf({ atMs, windowMs }: Usage): { timestamp: string; window: string } {
  return { timestamp: formatTime(atMs), window: durationText(windowMs) }
}

const bytesPerKi = 1_024
const nanosPerUnit = 1_000_000_000n

function amounts({ cpuNanoCores, memoryBytes }: Usage): { cpu: string; memory: string } {
  const memory = BigInt(Math.floor(memoryBytes / bytesPerKi)) * BigInt(bytesPerKi) * nanosPerUnit
  return { cpu: formatQuantity(BigInt(cpuNanoCores)), memory: formatQuantity(memory, "binary") }
}

/** Pure: as Go writes durations: `1.5s`, `2m3.25s`, `1h0m4s`. */
export function durationText(ms: number): string {
  const whole = Math.round(ms)
  const seconds = (whole % 60_000) / 1_000
  const minutes = Math.floor(whole / 60_000) % 60
  const hours = Math.floor(whole / 3_600_000)
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}
