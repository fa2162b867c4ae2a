import * as z from "zod"
import { atomicList, bytes, defaulted, int32, mapList, named, optional, required, text, texts } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"

const group = "io.k8s.api.admissionregistration.v1."
const httpsPort = 443
const timeoutSecondsDefault = 10

export const ServiceReference = named(
  `${group}ServiceReference`,
  "A service that answers.",
  z.object({
    namespace: required(text, "Namespace of the service."),
    name: required(text, "Name of the service."),
    path: optional(text, "Path of the request."),
    port: defaulted(int32, httpsPort, "Port of the service."),
  }),
)
export const WebhookClientConfig = named(
  `${group}WebhookClientConfig`,
  "How to reach a webhook: by url or by service.",
  z.object({
    url: optional(text, "https address."),
    service: optional(ServiceReference, "Service in the cluster."),
    caBundle: optional(bytes, "PEM certificates that its certificate is checked against."),
  }),
)
export type WebhookClientConfig = z.output<typeof WebhookClientConfig>
export const RuleWithOperations = named(
  `${group}RuleWithOperations`,
  "Requests that a webhook is asked about.",
  z.object({
    operations: optional(texts, "CREATE, UPDATE, DELETE, CONNECT or *.", atomicList),
    apiGroups: optional(texts, "Groups, or *.", atomicList),
    apiVersions: optional(texts, "Versions, or *.", atomicList),
    resources: optional(texts, "Resources such as pods, pods/status, */*.", atomicList),
    scope: defaulted(z.enum(["*", "Cluster", "Namespaced"]), "*", "Which scope."),
  }),
)
export const MatchCondition = named(
  `${group}MatchCondition`,
  "A CEL expression that must hold for the webhook to be asked.",
  z.object({ name: required(text, "Name of the condition."), expression: required(text, "The expression.") }),
)

/** What mutating and validating webhooks have in common. */
export const webhookFields = {
  name: required(text, "Full name, such as check.example.com."),
  clientConfig: required(WebhookClientConfig, "How to reach it."),
  rules: optional(z.array(RuleWithOperations), "Requests that it is asked about.", atomicList),
  failurePolicy: defaulted(z.enum(["Fail", "Ignore"]), "Fail", "What a webhook that does not answer means."),
  matchPolicy: defaulted(z.enum(["Exact", "Equivalent"]), "Equivalent", "Whether other versions count."),
  namespaceSelector: defaulted(LabelSelector, {}, "Namespaces that it is asked about."),
  objectSelector: defaulted(LabelSelector, {}, "Objects that it is asked about."),
  sideEffects: required(z.enum(["None", "NoneOnDryRun", "Some", "Unknown"]), "What else it does."),
  timeoutSeconds: defaulted(int32, timeoutSecondsDefault, "Seconds after which it has not answered."),
  admissionReviewVersions: required(texts, "Versions of AdmissionReview that it understands.", atomicList),
  matchConditions: optional(z.array(MatchCondition), "Conditions before it is asked.", mapList("name")),
}
