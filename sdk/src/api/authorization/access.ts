import * as z from "zod"
import { anyObject, atomicList, flag, named, optional, required, text, texts } from "../field.ts"

const group = "io.k8s.api.authorization.v1."
export const ResourceAttributes = named(
  `${group}ResourceAttributes`,
  "A request for a resource.",
  z.object({
    namespace: optional(text, "Namespace; empty is all."),
    verb: optional(text, "Verb, or *."),
    group: optional(text, "Group, or *."),
    version: optional(text, "Version, or *."),
    resource: optional(text, "Resource, or *."),
    subresource: optional(text, "Subresource."),
    name: optional(text, "Name; empty is all."),
    fieldSelector: optional(anyObject, "Fields that the request is limited to."),
    labelSelector: optional(anyObject, "Labels that the request is limited to."),
  }),
)
export const NonResourceAttributes = named(
  `${group}NonResourceAttributes`,
  "A request for a path that is no resource.",
  z.object({ path: optional(text, "The path."), verb: optional(text, "The verb of HTTP.") }),
)

export const requestFields = {
  resourceAttributes: optional(ResourceAttributes, "A request for a resource."),
  nonResourceAttributes: optional(NonResourceAttributes, "A request for another path."),
}
export const SubjectAccessReviewSpec = named(
  `${group}SubjectAccessReviewSpec`,
  "Whether somebody may do something.",
  z.object({
    ...requestFields,
    user: optional(text, "Who."),
    groups: optional(texts, "Their groups.", atomicList),
    extra: optional(z.record(text, texts), "What else is known of them."),
    uid: optional(text, "Their UID."),
  }),
)
export const SelfSubjectAccessReviewSpec = named(
  `${group}SelfSubjectAccessReviewSpec`,
  "Whether oneself may do something.",
  z.object(requestFields),
)
export const SubjectAccessReviewStatus = named(
  `${group}SubjectAccessReviewStatus`,
  "The answer.",
  z.object({
    allowed: required(flag, "Whether it may be done."),
    denied: optional(flag, "Whether it is forbidden, whatever others say."),
    reason: optional(text, "Why."),
    evaluationError: optional(text, "What went wrong meanwhile."),
  }),
)
export const ResourceRule = named(
  `${group}ResourceRule`,
  "What may be done to resources.",
  z.object({
    verbs: required(texts, "Verbs.", atomicList),
    apiGroups: optional(texts, "Groups.", atomicList),
    resources: optional(texts, "Resources.", atomicList),
    resourceNames: optional(texts, "Names.", atomicList),
  }),
)
export const NonResourceRule = named(
  `${group}NonResourceRule`,
  "What may be done to other paths.",
  z.object({
    verbs: required(texts, "Verbs.", atomicList),
    nonResourceURLs: optional(texts, "Paths.", atomicList),
  }),
)
export const SubjectRulesReviewStatus = named(
  `${group}SubjectRulesReviewStatus`,
  "The answer.",
  z.object({
    resourceRules: required(z.array(ResourceRule), "What may be done to resources.", atomicList),
    nonResourceRules: required(z.array(NonResourceRule), "What may be done to other paths.", atomicList),
    incomplete: required(flag, "Whether there may be more."),
    evaluationError: optional(text, "What went wrong meanwhile."),
  }),
)
export const SelfSubjectRulesReviewSpec = named(
  `${group}SelfSubjectRulesReviewSpec`,
  "Where.",
  z.object({ namespace: optional(text, "Namespace that is asked about.") }),
)
