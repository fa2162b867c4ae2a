import { formatQuantity } from "@wick/sdk/api/meta/quantity"
import { formatTime } from "@wick/sdk/api/meta/time"

export const group = "custom.metrics.k8s.io"
export const version = "v1beta2"
/** What activators report of every pod. */
export const metrics = ["concurrency", "rps"] as const
export type LoadMetric = (typeof metrics)[number]

/** One pod's share of its revision's load. */
export interface PodLoad {
  readonly name: string
  readonly value: number
  readonly windowMs: number
}

/** Pods of a namespace that a selector's text selects, or the one of a name, whose load is looked at. */
export type LoadOfPods = (question: {
  readonly namespace: string
  readonly pod: string
  readonly selector: string
  readonly metric: LoadMetric
}) => readonly PodLoad[]

export interface Answer {
  readonly status: number
  readonly body: object
}

const root = `/apis/${group}/${version}`
const path = new RegExp(`^${root}/namespaces/([^/]+)/pods/([^/]+)/([^/]+)$`)

/** Pure: Kubernetes' API of custom metrics, as far as pods of revisions go. */
export function answer(url: URL, loadOf: LoadOfPods, nowMs: number): Answer {
  if (url.pathname === root) return { status: 200, body: resources() }
  const [, namespace = "", pod = "", metric = ""] = path.exec(url.pathname)?.map(decodeURIComponent) ?? []
  if (namespace === "") return refusal("the server could not find the requested resource")
  const isKnown = (name: string): name is LoadMetric => (metrics as readonly string[]).includes(name)
  const unknown = `the server could not find the metric ${metric} for pods`
  if (!isKnown(metric)) return refusal(unknown)
  const selector = url.searchParams.get("labelSelector") ?? ""
  const loads = loadOf({ namespace, pod, selector, metric })
  if (loads.length === 0 && pod !== "*") return refusal(`${unknown} ${pod}`)
  const items = loads.map(({ name, value, windowMs }) => ({
    describedObject: { kind: "Pod", namespace, name, apiVersion: "/v1" },
    metric: { name: metric, selector: null },
    timestamp: formatTime(nowMs),
    windowSeconds: Math.round(windowMs / 1000),
    value: formatQuantity(BigInt(Math.round(value * 1000)) * 1_000_000n),
  }))
  return { status: 200, body: { kind: "MetricValueList", apiVersion: `${group}/${version}`, metadata: {}, items } }
}

function resources(): object {
  const resource = (name: string): object => ({
    name: `pods/${name}`,
    singularName: "",
    namespaced: true,
    kind: "MetricValueList",
    verbs: ["get"],
  })
  const groupVersion = `${group}/${version}`
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: metrics.map(resource) }
}

function refusal(message: string): Answer {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason: "NotFound" }
  return { status: 404, body: { ...status, code: 404 } }
}
