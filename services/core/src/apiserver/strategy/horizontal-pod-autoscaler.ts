import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { MetricSpec } from "@wick/sdk/api/autoscaling/metric"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { isQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"
import { forgetStatus } from "./initial-status.ts"
import { each, forbidden, invalid, oneOf, positive, present, required } from "./mistake.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"

type Spec = HorizontalPodAutoscaler["spec"]
type Rules = NonNullable<NonNullable<Spec["behavior"]>["scaleUp"]>

const cpuPercentDefault = 80
const fourPods = { type: "Pods", value: 4, periodSeconds: 15 }
const allPods = { type: "Percent", value: 100, periodSeconds: 15 }
const windowSecondsMax = 3_600
const periodSecondsMax = 1_800

function fill({ spec }: HorizontalPodAutoscaler): void {
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: "Utilization", averageUtilization: cpuPercentDefault }
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }]
  }
  if (!spec.behavior) return
  const { scaleUp, scaleDown } = spec.behavior
  spec.behavior = {
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [fourPods, allPods], ...scaleUp },
    scaleDown: { selectPolicy: "Max", policies: [allPods], ...scaleDown },
  }
}

export const horizontalPodAutoscalers: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fill(object as unknown as HorizontalPodAutoscaler)
  },
  prepareUpdate: (object) => fill(object as unknown as HorizontalPodAutoscaler),
  validate(object) {
    const { spec } = object as unknown as HorizontalPodAutoscaler
    const { minReplicas, maxReplicas, scaleTargetRef, behavior } = spec
    return [
      ...(minReplicas < 1 ? [invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 1")] : []),
      ...positive("spec.maxReplicas", maxReplicas),
      ...(maxReplicas < minReplicas
        ? [invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`")]
        : []),
      ...present("spec.scaleTargetRef.kind", scaleTargetRef.kind),
      ...present("spec.scaleTargetRef.name", scaleTargetRef.name),
      ...each("spec.metrics", spec.metrics, metricMistakes),
      ...rulesMistakes("spec.behavior.scaleUp", behavior?.scaleUp),
      ...rulesMistakes("spec.behavior.scaleDown", behavior?.scaleDown),
    ]
  },
}

const sources = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
} as const

function metricMistakes(metric: MetricSpec, at: string): FieldError[] {
  const { type } = metric
  if (type === "") return [required(`${at}.type`, "must specify a metric source type")]
  if (!Object.hasOwn(sources, type)) return oneOf(`${at}.type`, type, Object.keys(sources))
  const name = sources[type as keyof typeof sources]
  const others = Object.values(sources).filter((other) => other !== name && metric[other] !== undefined)
  const mistakes = others.map((other) => forbidden(`${at}.${other}`, "must populate the given metric source only"))
  const source = metric[name]
  if (!source) return [...mistakes, required(`${at}.${name}`, "must populate information for the given metric source")]
  return [...mistakes, ...sourceMistakes(`${at}.${name}`, metric)]
}

function sourceMistakes(
  at: string,
  { type, resource, containerResource, pods, object, external }: MetricSpec,
): FieldError[] {
  switch (type) {
    case "Resource":
      return resource
        ? [...present(`${at}.name`, resource.name, resourceText), ...usageMistakes(at, resource.target)]
        : []
    case "ContainerResource":
      return containerResource
        ? [
            ...present(`${at}.name`, containerResource.name, resourceText),
            ...present(`${at}.container`, containerResource.container, "must specify a container"),
            ...usageMistakes(at, containerResource.target),
          ]
        : []
    case "Pods":
      return pods
        ? [
            ...identityMistakes(at, pods.metric),
            ...targetMistakes(at, pods.target),
            ...(isAbove(pods.target.averageValue)
              ? []
              : [required(`${at}.target.averageValue`, "must specify a positive target averageValue")]),
          ]
        : []
    case "Object":
      return object
        ? [
            ...present(`${at}.describedObject.kind`, object.describedObject.kind),
            ...present(`${at}.describedObject.name`, object.describedObject.name),
            ...identityMistakes(at, object.metric),
            ...targetMistakes(at, object.target),
            ...valueMistakes(at, object.target),
          ]
        : []
    default:
      return external
        ? [
            ...identityMistakes(at, external.metric),
            ...targetMistakes(at, external.target),
            ...valueMistakes(at, external.target),
          ]
        : []
  }
}

const resourceText = "must specify a resource name"
type Target = NonNullable<MetricSpec["resource"]>["target"]

function identityMistakes(at: string, { name, selector }: NonNullable<MetricSpec["pods"]>["metric"]): FieldError[] {
  const field = `${at}.metric.name`
  const refused = [..."/%"].find((letter) => name.includes(letter))
  return [
    ...present(field, name),
    ...(refused ? [invalid(field, name, `may not contain '${refused}'`)] : []),
    ...selectorMistakes(`${at}.metric.selector`, selector),
  ]
}

function targetMistakes(at: string, target: Target): FieldError[] {
  const field = `${at}.target`
  const mistakes =
    target.type === ""
      ? [required(`${field}.type`, "must specify a metric target type")]
      : oneOf(`${field}.type`, target.type, ["AverageValue", "Utilization", "Value"])
  for (const part of ["value", "averageValue"] as const) {
    const amount = target[part]
    if (amount !== undefined && !isAbove(amount)) {
      mistakes.push(invalid(`${field}.${part}`, String(amount), "must be positive"))
    }
  }
  return [...mistakes, ...positive(`${field}.averageUtilization`, target.averageUtilization)]
}

function usageMistakes(at: string, target: Target): FieldError[] {
  const mistakes = targetMistakes(at, target)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = "must set either a target raw value or a target utilization"
    mistakes.push(required(`${at}.target.averageUtilization`, detail))
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization"
    mistakes.push(forbidden(`${at}.target.averageValue`, detail))
  }
  return mistakes
}

function valueMistakes(at: string, { value, averageValue }: Target): FieldError[] {
  if (value === undefined && averageValue === undefined) {
    return [required(`${at}.target.averageValue`, "must set either a target value for metric or a per-pod target")]
  }
  if (value === undefined || averageValue === undefined) return []
  return [forbidden(`${at}.target.value`, "may not set both a target value for metric and a per-pod target")]
}

function isAbove(amount: unknown): boolean {
  return isQuantity(amount) && parseQuantity(amount) > 0n
}

function rulesMistakes(at: string, rules: Rules | undefined): FieldError[] {
  if (!rules) return []
  const { stabilizationWindowSeconds: seconds, selectPolicy, policies = [] } = rules
  const field = `${at}.stabilizationWindowSeconds`
  const mistakes: FieldError[] = []
  if (seconds !== undefined && seconds < 0) {
    mistakes.push(invalid(field, seconds, "must be greater than or equal to zero"))
  }
  if (seconds !== undefined && seconds > windowSecondsMax) {
    mistakes.push(invalid(field, seconds, `must be less than or equal to ${windowSecondsMax}`))
  }
  mistakes.push(...oneOf(`${at}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"]))
  if (policies.length === 0) mistakes.push(required(`${at}.policies`, "must specify at least one Policy"))
  return [
    ...mistakes,
    ...each(`${at}.policies`, policies, ({ type, value, periodSeconds }, place) => [
      ...oneOf(`${place}.type`, type, ["Percent", "Pods"]),
      ...(value > 0 ? [] : [invalid(`${place}.value`, value, "must be greater than zero")]),
      ...(periodSeconds > 0 ? [] : [invalid(`${place}.periodSeconds`, periodSeconds, "must be greater than zero")]),
      ...(periodSeconds <= periodSecondsMax
        ? []
        : [invalid(`${place}.periodSeconds`, periodSeconds, `must be less than or equal to ${periodSecondsMax}`)]),
    ]),
  ]
}
