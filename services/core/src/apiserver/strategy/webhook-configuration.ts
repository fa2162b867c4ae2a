import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { Webhook } from "../admission/webhook/webhook.ts"
import type { Strategy } from "./strategy.ts"

const timeoutSecondsMax = 30
const matchConditionsMax = 64

/** Registrations of webhooks that could never be asked are refused, rather than fail the first write that they concern. */
export const webhookConfigurations: Strategy = {
  validate: (object) => {
    const webhooks = (object.webhooks ?? []) as Webhook[]
    return webhooks.flatMap((webhook, index) => mistakesOf(webhook, `webhooks[${index}]`))
  },
}

function mistakesOf(webhook: Webhook, at: string): FieldError[] {
  const { name, clientConfig, sideEffects, timeoutSeconds, matchConditions } = webhook
  const mistakes: FieldError[] = []
  const invalid = (field: string, value: unknown, detail: string): number =>
    mistakes.push({ type: "Invalid", field: `${at}.${field}`, value, detail })
  if (name.split(".").filter(Boolean).length < 3) {
    invalid("name", name, "should be a domain with at least three segments separated by dots")
  }
  if ((clientConfig.url === undefined) === (clientConfig.service === undefined)) {
    mistakes.push({
      type: "Required",
      field: `${at}.clientConfig`,
      detail: "exactly one of url or service is required",
    })
  }
  if (clientConfig.url !== undefined && !isHttps(clientConfig.url)) {
    invalid(
      "clientConfig.url",
      clientConfig.url,
      "'https' is the only allowed URL scheme; desired format: https://host[/path]",
    )
  }
  if (sideEffects !== "None" && sideEffects !== "NoneOnDryRun") {
    const detail = 'supported values: "None", "NoneOnDryRun"'
    mistakes.push({ type: "NotSupported", field: `${at}.sideEffects`, value: sideEffects, detail })
  }
  if (timeoutSeconds < 1 || timeoutSeconds > timeoutSecondsMax) {
    invalid("timeoutSeconds", timeoutSeconds, `the timeout value must be between 1 and ${timeoutSecondsMax} seconds`)
  }
  if (matchConditions && matchConditions.length > matchConditionsMax) {
    const detail = `must have at most ${matchConditionsMax} items`
    mistakes.push({ type: "TooMany", field: `${at}.matchConditions`, value: matchConditions.length, detail })
  }
  return [...mistakes, ...mistakesOfVersions(`${at}.admissionReviewVersions`, webhook.admissionReviewVersions)]
}

const reviewVersions = ["v1", "v1beta1"]

function mistakesOfVersions(field: string, versions: readonly string[]): FieldError[] {
  const known = reviewVersions.join(", ")
  if (versions.length === 0) return [{ type: "Required", field, detail: `must specify one of ${known}` }]
  if (versions.some((version) => reviewVersions.includes(version))) return []
  return [{ type: "Invalid", field, value: versions, detail: `must include at least one of ${known}` }]
}

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:"
}
