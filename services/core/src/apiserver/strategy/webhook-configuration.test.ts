import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { describe, expect, it } from "vitest"
import { webhookConfigurations } from "./webhook-configuration.ts"

const good = {
  name: "check.example.com",
  clientConfig: { url: "https://example.com/check" },
  sideEffects: "None",
  timeoutSeconds: 10,
  admissionReviewVersions: ["v1"],
}

describe("registrations of webhooks", () => {
  it.each<{ name: string; webhook: object; says: string[] }>([
    { name: "that can be asked are good", webhook: good, says: [] },
    {
      name: "say where the webhook is",
      webhook: { ...good, clientConfig: {} },
      says: ["webhooks[0].clientConfig: Required value: exactly one of url or service is required"],
    },
    {
      name: "understand a review that the server sends",
      webhook: { ...good, admissionReviewVersions: ["v9"] },
      says: ['webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1'],
    },
    {
      name: "say it with https",
      webhook: { ...good, clientConfig: { url: "http://example.com" } },
      says: [
        "webhooks[0].clientConfig.url: Invalid value: \"http://example.com\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
      ],
    },
    {
      name: "wait for no more than half a minute, for webhooks that do nothing else",
      webhook: { ...good, timeoutSeconds: 31, sideEffects: "Some" },
      says: [
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
      ],
    },
  ])("$name", ({ webhook, says }) => {
    const object = { apiVersion: "", kind: "", metadata: {}, webhooks: [webhook] }
    expect((webhookConfigurations.validate?.(object, undefined) ?? []).map(describeFieldError)).toEqual(says)
  })
})
