import * as z from "zod"
import { atomicList, atomicMap, defaulted, mapList, named, optional, required, text, texts } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { RuleWithOperations } from "./webhook.ts"

const group = "io.k8s.api.admissionregistration.v1."

const NamedRuleWithOperations = named(
  `${group}NamedRuleWithOperations`,
  "Requests, and the names of objects, that a policy is about.",
  z.object({
    ...RuleWithOperations.shape,
    resourceNames: optional(texts, "Names of objects; empty is all.", atomicList),
  }),
  atomicMap,
)

export const MatchResources = named(
  `${group}MatchResources`,
  "Which requests a policy is about.",
  z.object({
    namespaceSelector: defaulted(LabelSelector, {}, "Namespaces."),
    objectSelector: defaulted(LabelSelector, {}, "Objects, as they are or as they were."),
    resourceRules: optional(z.array(NamedRuleWithOperations), "Requests; one of these must match.", atomicList),
    excludeResourceRules: optional(z.array(NamedRuleWithOperations), "Requests that are left out.", atomicList),
    matchPolicy: defaulted(z.enum(["Exact", "Equivalent"]), "Equivalent", "Whether other versions count."),
  }),
  atomicMap,
)
export type MatchResources = z.output<typeof MatchResources>

export const ParamKind = named(
  `${group}ParamKind`,
  "The kind of objects that a policy takes parameters from.",
  z.object({ apiVersion: optional(text, "Group and version."), kind: optional(text, "Kind.") }),
  atomicMap,
)

export const ParamRef = named(
  `${group}ParamRef`,
  "Which objects are parameters: one by name, or all that a selector selects.",
  z.object({
    name: optional(text, "Name of the object."),
    namespace: optional(text, "Its namespace; that of the request if absent."),
    selector: optional(LabelSelector, "Labels of the objects."),
    parameterNotFoundAction: optional(z.enum(["Allow", "Deny"]), "What it means that there is none."),
  }),
  atomicMap,
)
export type ParamRef = z.output<typeof ParamRef>

export const Variable = named(
  `${group}Variable`,
  "An expression that others of the policy use as `variables.<name>`.",
  z.object({
    name: required(text, "Name."),
    expression: required(text, "The expression; it may use the variables before it."),
  }),
  atomicMap,
)

/** What both kinds of policies have in common. */
export const policyFields = {
  paramKind: optional(ParamKind, "Kind of the parameters."),
  matchConstraints: optional(MatchResources, "Requests that the policy is about."),
  variables: optional(z.array(Variable), "Expressions that others use.", mapList("name")),
  failurePolicy: defaulted(z.enum(["Fail", "Ignore"]), "Fail", "What a failing expression means."),
}

/** What both kinds of bindings have in common. */
export const bindingFields = {
  policyName: optional(text, "Name of the policy."),
  paramRef: optional(ParamRef, "The parameters."),
  matchResources: optional(MatchResources, "Requests, among those of the policy, that it is bound to."),
}
