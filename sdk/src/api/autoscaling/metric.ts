import * as z from "zod"
import { int32, named, optional, required, text } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Quantity } from "../meta/quantity.ts"

/** What a HorizontalPodAutoscaler looks at, wanted and seen. */
const v2 = "io.k8s.api.autoscaling.v2."

export const CrossVersionObjectReference = named(
  `${v2}CrossVersionObjectReference`,
  "Names an object, in whichever version.",
  z.object({
    kind: required(text, "Kind of the object."),
    name: required(text, "Name of the object."),
    apiVersion: optional(text, "API version of the object."),
  }),
)
export const MetricIdentifier = named(
  `${v2}MetricIdentifier`,
  "Names a metric.",
  z.object({
    name: required(text, "Name of the metric."),
    selector: optional(LabelSelector, "Which series of it; all when absent."),
  }),
)
export const MetricTarget = named(
  `${v2}MetricTarget`,
  "How large a metric should be.",
  z.object({
    type: required(text, "Utilization, Value or AverageValue."),
    value: optional(Quantity, "The metric itself."),
    averageValue: optional(Quantity, "The metric per pod."),
    averageUtilization: optional(int32, "Percent of what the pods requested."),
  }),
)
export const MetricValueStatus = named(
  `${v2}MetricValueStatus`,
  "How large a metric is.",
  z.object({
    value: optional(Quantity, "The metric itself."),
    averageValue: optional(Quantity, "The metric per pod."),
    averageUtilization: optional(int32, "Percent of what the pods requested."),
  }),
)

const resource = { name: required(text, "Name of the resource.") }
const container = { ...resource, container: required(text, "Name of the container.") }
const metric = { metric: required(MetricIdentifier, "The metric.") }
const object = { ...metric, describedObject: required(CrossVersionObjectReference, "The object that it is about.") }
const target = { target: required(MetricTarget, "How large it should be.") }
const current = { current: required(MetricValueStatus, "How large it is.") }

/** The five kinds of metrics, each with `more`: what is wanted, or what is seen. */
function sources<More extends z.ZodRawShape>(suffix: string, more: More) {
  const type = <Shape extends z.ZodRawShape>(name: string, description: string, shape: Shape) =>
    optional(named(`${v2}${name}Metric${suffix}`, description, z.object({ ...shape, ...more })), description)
  return {
    type: required(text, "ContainerResource, External, Object, Pods or Resource."),
    object: type("Object", "A metric of one object.", object),
    pods: type("Pods", "A metric of every pod.", metric),
    resource: type("Resource", "A resource that every pod uses.", resource),
    containerResource: type("ContainerResource", "A resource that one container of every pod uses.", container),
    external: type("External", "A metric of something outside the cluster.", metric),
  }
}

export const MetricSpec = named(
  `${v2}MetricSpec`,
  "A metric and how large it should be.",
  z.object(sources("Source", target)),
)
export type MetricSpec = z.output<typeof MetricSpec>
export const MetricStatus = named(
  `${v2}MetricStatus`,
  "A metric and how large it is.",
  z.object(sources("Status", current)),
)
export type MetricStatus = z.output<typeof MetricStatus>
