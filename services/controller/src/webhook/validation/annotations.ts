import { isQuantity } from "@wick/sdk/api/meta/quantity"
import { readGoDuration } from "@wick/sdk/api/serving/config"
import { type FieldError, invalidKey, invalidValue, mistake, outOfBounds } from "@wick/sdk/api/serving/field-error"
import { timeAnnotations } from "../../time-annotations.ts"

export type Texts = Readonly<Record<string, string>>

/** The first of the spellings of a key that is used. */
export function firstOf(texts: Texts, ...keys: string[]): { readonly key: string; readonly value: string } | undefined {
  const key = keys.find((name) => texts[name] !== undefined)
  return key === undefined ? undefined : { key, value: texts[key] as string }
}

const autoscaling = "autoscaling.knative.dev"
const networking = "networking.knative.dev"
const serving = "serving.knative.dev"

/** Annotations of scaling have an effect on a revision only. */
export function noAutoscaling(annotations: Texts): FieldError[] {
  const misplaced = Object.keys(annotations).filter((key) => key.startsWith(autoscaling))
  const where = 'autoscaling annotations must be put under "spec.template.metadata.annotations" to work'
  return misplaced.map((key) => invalidKey(key, "", where))
}

const networkingNames = [
  "certificate-class",
  "certificate.class",
  "disable-auto-tls",
  "disable-external-domain-tls",
  "disableAutoTLS",
  "disableExternalDomainTLS",
  "http-option",
  "http-protocol",
  "httpOption",
  "httpProtocol",
  "ingress-class",
  "ingress.class",
].map((name) => `${networking}/${name}`)

/** Annotations of the network that nobody reads are slips of the pen. */
export function networkingMistakes(annotations: Texts): FieldError[] {
  const unknown = Object.keys(annotations).filter((key) => key.startsWith(networking) && !networkingNames.includes(key))
  return unknown.map((key) => invalidKey(key, ""))
}

/** A time of whole seconds that is not negative. */
function secondsMistakes(annotations: Texts, name: string, ...keys: string[]): FieldError[] {
  const found = firstOf(annotations, ...keys)
  if (found === undefined || found.value === "") return []
  const read = readGoDuration(found.value)
  if ("mistake" in read) return [invalidValue(found.value, found.key)]
  if (read.ms % 1_000 !== 0) return [mistake(`${name}=${found.value} is not at second precision`, found.key)]
  return read.ms < 0 ? [mistake(`${name}=${found.value} must be positive`, found.key)] : []
}

export function rolloutMistakes(annotations: Texts): FieldError[] {
  return secondsMistakes(annotations, "rollout-duration", ...timeAnnotations.rolloutDuration)
}

export function progressDeadlineMistakes(annotations: Texts): FieldError[] {
  return secondsMistakes(annotations, "progress-deadline", ...timeAnnotations.progressDeadline)
}

const sidecar = "queue.sidecar.serving.knative.dev"
const sidecarResources = ["cpu", "memory", "ephemeral-storage"].flatMap((resource) =>
  ["request", "limit"].map((kind) => `${sidecar}/${resource}-resource-${kind}`),
)
const percentageBounds = { min: 0.1, max: 100 }

/** What a sidecar should get; there is none, but what is written must make sense where there is one. */
export function sidecarMistakes(annotations: Texts): FieldError[] {
  const resources = sidecarResources.flatMap((key) => {
    const value = annotations[key]
    return value === undefined || isQuantity(value) ? [] : [invalidValue(value, `[${key}]`)]
  })
  const found = firstOf(annotations, `${sidecar}/resource-percentage`, `${sidecar}/resourcePercentage`)
  return found === undefined ? resources : [...resources, ...percentageMistakes(found)]
}

function percentageMistakes({ key, value }: { readonly key: string; readonly value: string }): FieldError[] {
  const percentage = Number(value)
  if (value.trim() === "" || Number.isNaN(percentage)) return [invalidValue(value, `[${key}]`)]
  const { min, max } = percentageBounds
  return percentage < min || percentage > max ? [outOfBounds(percentage, min, max, `[${key}]`)] : []
}

const creator = `${serving}/creator`
const lastModifier = `${serving}/lastModifier`

/** Who made an object does not change, and who changed it last changes only with the change. */
export function creatorMistakes(before: Texts, after: Texts, specChanged: boolean): FieldError[] {
  const modifier = after[lastModifier]
  return [
    ...(before[creator] === after[creator] ? [] : [mistake("annotation value is immutable", creator)]),
    ...(specChanged || before[lastModifier] === modifier ? [] : [invalidValue(modifier ?? "", lastModifier)]),
  ]
}
