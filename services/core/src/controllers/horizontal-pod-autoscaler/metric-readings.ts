import type { MetricSpec } from "@wick/sdk/api/autoscaling/metric"
import type { LabelSelector } from "@wick/sdk/api/meta/label-selector"
import { milliUnits, type Quantity } from "@wick/sdk/api/meta/quantity"
import { formatSelector } from "@wick/sdk/api/meta/selector-text"
import { parseTime } from "@wick/sdk/api/meta/time"
import type { PodMetrics } from "@wick/sdk/api/metrics/pod-metrics"
import type { Client } from "@wick/sdk/client"
import { durationMs } from "./go-duration.ts"
import type { PodValue, Reading } from "./reading.ts"

interface CustomValue {
  readonly describedObject: { readonly name: string }
  readonly timestamp: string
  readonly windowSeconds?: number
  readonly window?: number
  readonly value: Quantity
}

/** Of a metric that does not say over which time it was measured. */
const usualWindowMs = 60_000
const custom = "custom.metrics.k8s.io"

/** Asks the three APIs of metrics (of resources, of objects of the cluster, of things outside) what a metric is. */
export class MetricReadings {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** `pods` selects those that are scaled. */
  async read(metric: MetricSpec, namespace: string, pods: string): Promise<Reading> {
    try {
      return await this.#read(metric, namespace, pods)
    } catch (error) {
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) }
    }
  }

  async #read(metric: MetricSpec, namespace: string, pods: string): Promise<Reading> {
    const { type, resource, containerResource, pods: ofPods, object, external } = metric
    if (type === "Resource" && resource) return this.#resource(resource.name, undefined, namespace, pods)
    if (type === "ContainerResource" && containerResource) {
      return this.#resource(containerResource.name, containerResource.container, namespace, pods)
    }
    if (type === "Pods" && ofPods) return this.#ofPods(ofPods.metric, namespace, pods)
    if (type === "Object" && object) return this.#ofObject(object, namespace)
    if (type === "External" && external) return this.#external(external.metric, namespace)
    return { kind: "failed", message: "it is of no known type" }
  }

  async #resource(name: string, container: string | undefined, namespace: string, pods: string): Promise<Reading> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(pods)}`
    const what = "unable to fetch metrics from resource metrics API"
    const { items } = await this.#get<{ items: readonly PodMetrics[] }>(path, what)
    if (items.length === 0) return failed("no metrics returned from resource metrics API")
    const values = new Map<string, PodValue>()
    for (const { metadata, containers, timestamp, window } of items) {
      const measured = container === undefined ? containers : containers.filter((each) => each.name === container)
      if (container !== undefined && measured.length === 0) {
        return failed(`container ${container} not present in metrics for pod ${namespace}/${metadata.name}`)
      }
      const amounts = measured.map(({ usage }) => usage[name])
      // What tells of a part only is taken for missing.
      if (amounts.some((amount) => amount === undefined)) continue
      const milli = amounts.reduce<number>((sum, amount) => sum + milliUnits(amount ?? 0), 0)
      values.set(metadata.name, { milli, atMs: parseTime(timestamp), windowMs: durationMs(window) ?? usualWindowMs })
    }
    return { kind: "per-pod", values }
  }

  async #ofPods({ name, selector }: Identity, namespace: string, pods: string): Promise<Reading> {
    const query = `labelSelector=${encodeURIComponent(pods)}${andSelector("metricLabelSelector", selector)}`
    const items = await this.#custom(`namespaces/${namespace}/pods/*/${encodeURIComponent(name)}?${query}`)
    const values = items.map(({ describedObject, timestamp, windowSeconds, window, value }) => {
      const seconds = windowSeconds ?? window
      const windowMs = seconds === undefined ? usualWindowMs : seconds * 1000
      return [describedObject.name, { milli: milliUnits(value), atMs: parseTime(timestamp), windowMs }] as const
    })
    return { kind: "per-pod", values: new Map(values) }
  }

  async #ofObject({ metric, describedObject }: NonNullable<MetricSpec["object"]>, namespace: string): Promise<Reading> {
    const { kind, name, apiVersion = "v1" } = describedObject
    const metricName = encodeURIComponent(metric.name)
    const query = andSelector("metricLabelSelector", metric.selector).replace("&", "?")
    const resource = kind === "Namespace" ? undefined : await this.#resourceOf(apiVersion, kind)
    const path =
      resource === undefined
        ? `namespaces/${encodeURIComponent(name)}/metrics/${metricName}${query}`
        : `namespaces/${namespace}/${resource}/${encodeURIComponent(name)}/${metricName}${query}`
    const [first] = await this.#custom(path)
    if (first === undefined) return failed(`no metrics returned from custom metrics API`)
    return { kind: "whole", milli: milliUnits(first.value) }
  }

  async #external({ name, selector }: Identity, namespace: string): Promise<Reading> {
    const query = andSelector("labelSelector", selector).replace("&", "?")
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${encodeURIComponent(name)}${query}`
    const what = "unable to fetch metrics from external metrics API"
    const { items } = await this.#get<{ items: readonly { value: Quantity }[] }>(path, what)
    if (items.length === 0) return failed("no metrics returned from external metrics API")
    return { kind: "whole", milli: items.reduce((sum, { value }) => sum + milliUnits(value), 0) }
  }

  async #custom(path: string): Promise<readonly CustomValue[]> {
    const what = "unable to fetch metrics from custom metrics API"
    const { versions } = await this.#get<{ versions: readonly { version: string }[] }>(`/apis/${custom}`, what)
    const version = versions.some((each) => each.version === "v1beta2") ? "v1beta2" : "v1beta1"
    const { items } = await this.#get<{ items: readonly CustomValue[] }>(`/apis/${custom}/${version}/${path}`, what)
    if (items.length === 0) throw new Error("no metrics returned from custom metrics API")
    return items
  }

  /** `services`, `ingresses.networking.k8s.io` */
  async #resourceOf(apiVersion: string, kind: string): Promise<string> {
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const what = `unable to map kind ${kind} to resource`
    const { resources } = await this.#get<{ resources: readonly { name: string; kind: string }[] }>(path, what)
    const found = resources.find((each) => each.kind === kind && !each.name.includes("/"))
    if (found === undefined) throw new Error(`${what}: no matches for kind "${kind}" in version "${apiVersion}"`)
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : ""
    return group === "" ? found.name : `${found.name}.${group}`
  }

  async #get<Answer>(path: string, what: string): Promise<Answer> {
    try {
      return (await (await this.#client.request(path)).json()) as Answer
    } catch (error) {
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

type Identity = NonNullable<MetricSpec["pods"]>["metric"]

function andSelector(parameter: string, selector: LabelSelector | undefined): string {
  return selector === undefined ? "" : `&${parameter}=${encodeURIComponent(formatSelector(selector))}`
}

function failed(message: string): Reading {
  return { kind: "failed", message }
}
