import { MutatingWebhookConfiguration } from "@wick/sdk/api/admissionregistration/mutating-webhook-configuration"
import { ValidatingWebhookConfiguration } from "@wick/sdk/api/admissionregistration/validating-webhook-configuration"
import type { Client } from "@wick/sdk/client"

/** How an API server reaches the webhooks: by URL on the same machine, by Service in a cluster. */
export type WebhookAddress =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number }

const timeoutSeconds = 10
const fieldManager = "wick-webhook"
export const defaultingPath = "/defaulting"
export const validationPath = "/resource-validation"

/** Tells the API server to ask us about every Service, Configuration, Revision and Route that is made or changed. */
export async function register(client: Client, address: WebhookAddress, authorityPem: string): Promise<void> {
  const webhook = (name: string, path: string) => ({
    name,
    clientConfig: { ...target(address, path), caBundle: Buffer.from(authorityPem).toString("base64") },
    rules: [
      {
        apiGroups: ["serving.knative.dev"],
        apiVersions: ["v1"],
        resources: ["services", "configurations", "revisions", "routes"],
        operations: ["CREATE", "UPDATE"],
        scope: "Namespaced",
      },
    ],
    admissionReviewVersions: ["v1"],
    failurePolicy: "Fail",
    sideEffects: "None",
    matchPolicy: "Equivalent",
    timeoutSeconds,
  })
  const options = { fieldManager, force: true }
  const mutating = webhook("webhook.serving.knative.dev", defaultingPath)
  const validating = webhook("validation.webhook.serving.knative.dev", validationPath)
  await Promise.all([
    client.apply(
      MutatingWebhookConfiguration,
      { metadata: { name: mutating.name }, webhooks: [mutating] } as never,
      options,
    ),
    client.apply(
      ValidatingWebhookConfiguration,
      { metadata: { name: validating.name }, webhooks: [validating] } as never,
      options,
    ),
  ])
}

function target(address: WebhookAddress, path: string): object {
  if (address.kind === "url") return { url: `${address.url}${path}` }
  const { namespace, name, port } = address
  return { service: { namespace, name, port, path } }
}
