import { MutatingWebhookConfiguration } from "@wick/sdk/api/admissionregistration/mutating-webhook-configuration"
import { ValidatingWebhookConfiguration } from "@wick/sdk/api/admissionregistration/validating-webhook-configuration"
import { configLabels, systemNamespace } from "@wick/sdk/api/serving/config"
import type { Client } from "@wick/sdk/client"

/** How an API server reaches the webhooks: by URL on the same machine, by Service in a cluster. */
export type WebhookAddress =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number }

const timeoutSeconds = 10
const fieldManager = "wick-webhook"
export const defaultingPath = "/defaulting"
export const validationPath = "/resource-validation"
export const configPath = "/config-validation"

const servingGroup = "serving.knative.dev"
const served = [
  { version: "v1", resources: ["services", "configurations", "revisions", "routes"] },
  { version: "v1beta1", resources: ["domainmappings"] },
]

interface Webhook {
  readonly name: string
  readonly path: string
  readonly rules: readonly object[]
  readonly selectors?: object
}

function servingRules(...operations: string[]): object[] {
  return served.map(({ version, resources }) => ({
    apiGroups: [servingGroup],
    apiVersions: [version],
    resources,
    operations,
    scope: "Namespaced",
  }))
}

const defaulting: Webhook = {
  name: "webhook.serving.knative.dev",
  path: defaultingPath,
  rules: servingRules("CREATE", "UPDATE"),
}
const validating: Webhook = {
  name: "validation.webhook.serving.knative.dev",
  path: validationPath,
  rules: servingRules("CREATE", "UPDATE", "DELETE"),
}
/** Only maps with our label in our namespace: other maps there must not wait for us. */
const configuring: Webhook = {
  name: "config.webhook.serving.knative.dev",
  path: configPath,
  rules: [
    {
      apiGroups: [""],
      apiVersions: ["v1"],
      resources: ["configmaps"],
      operations: ["CREATE", "UPDATE"],
      scope: "Namespaced",
    },
  ],
  selectors: {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": systemNamespace } },
    objectSelector: { matchLabels: configLabels },
  },
}

/** Tells the API server to ask us about every object of serving, and about the operators' configuration. */
export async function register(client: Client, address: WebhookAddress, authorityPem: string): Promise<void> {
  const caBundle = Buffer.from(authorityPem).toString("base64")
  const apply = (
    kind: typeof MutatingWebhookConfiguration | typeof ValidatingWebhookConfiguration,
    { name, path, rules, selectors }: Webhook,
  ): Promise<unknown> => {
    const webhook = {
      name,
      clientConfig: { ...target(address, path), caBundle },
      rules,
      ...selectors,
      admissionReviewVersions: ["v1"],
      failurePolicy: "Fail",
      sideEffects: "None",
      matchPolicy: "Equivalent",
      timeoutSeconds,
    }
    return client.apply(kind, { metadata: { name }, webhooks: [webhook] } as never, { fieldManager, force: true })
  }
  await Promise.all([
    apply(MutatingWebhookConfiguration, defaulting),
    apply(ValidatingWebhookConfiguration, validating),
    apply(ValidatingWebhookConfiguration, configuring),
  ])
}

function target(address: WebhookAddress, path: string): object {
  if (address.kind === "url") return { url: `${address.url}${path}` }
  const { namespace, name, port } = address
  return { service: { namespace, name, port, path } }
}
