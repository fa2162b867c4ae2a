import type { AnyObject } from "@wick/sdk/api/kind"
import { type Labels, matches } from "@wick/sdk/api/meta/label-selector"
import { type MatchPolicy, namesOf } from "../equivalent.ts"
import type { AdmissionAttributes, ResourceName } from "../step.ts"
import type { Webhook } from "./webhook.ts"

type Rule = NonNullable<Webhook["rules"]>[number]
/** What says which writes something is about: a webhook, or the constraints of a policy. */
type Selection = Pick<Webhook, "rules" | "objectSelector" | "namespaceSelector"> & {
  readonly matchPolicy?: MatchPolicy | undefined
}

/** Registrations of webhooks and policies are shown to none of them: a broken one could not be taken out again. */
const exempt: readonly string[] = [
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]

/**
 * The name under which a webhook's rules speak of this write, undefined if under none or if its selector of objects does
 * not want it. Its selector of namespaces is asked last.
 */
export function namedIn(webhook: Selection, attributes: AdmissionAttributes): ResourceName | undefined {
  if (attributes.group === "admissionregistration.k8s.io" && exempt.includes(attributes.resource)) return undefined
  const { rules = [] } = webhook
  const found = rules.some(({ operations }) => includes(operations, attributes.operation))
    ? namesOf(attributes, webhook.matchPolicy).find((name) => rules.some((rule) => ruleNames(rule, attributes, name)))
    : undefined
  return found && objectSelected(webhook, attributes) ? found : undefined
}

function ruleNames(
  rule: Rule,
  { operation, subresource, namespace }: AdmissionAttributes,
  { group, version, resource }: ResourceName,
): boolean {
  const scoped =
    rule.scope === "*" || (rule.scope === "Namespaced") === (namespace !== "" && !isNamespace(group, resource))
  return (
    scoped &&
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, group) &&
    includes(rule.apiVersions, version) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, resource, subresource))
  )
}

/** A namespace is in no namespace, though requests for it name one. */
function isNamespace(group: string, resource: string): boolean {
  return group === "" && resource === "namespaces"
}

function includes(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed !== undefined && (allowed.includes("*") || allowed.includes(value))
}

/** `pods`, `pods/status`, `pods/*`, `* /status` (without the blank), `*` (no subresources), `* /*` (all). */
function resourceMatches(pattern: string, resource: string, subresource: string): boolean {
  const [wanted, wantedSub = ""] = pattern.split("/")
  if (wanted !== "*" && wanted !== resource) return false
  return wantedSub === "*" || wantedSub === subresource
}

function objectSelected({ objectSelector }: Selection, { object, oldObject }: AdmissionAttributes): boolean {
  if (selectsAll(objectSelector)) return true
  return [object, oldObject].some((each) => each !== undefined && matches(objectSelector, each.metadata?.labels))
}

/**
 * Whether the selector of namespaces holds: of the object's namespace, or of the namespace that the object is. What is
 * in no namespace is always selected.
 */
export function namespaceSelected(
  { namespaceSelector }: Selection,
  { group, resource, namespace, object, oldObject }: AdmissionAttributes,
  labelsOf: (namespace: string) => Promise<Labels | undefined>,
): boolean | Promise<boolean> {
  if (selectsAll(namespaceSelector)) return true
  if (isNamespace(group, resource)) return matches(namespaceSelector, labels(object ?? oldObject))
  if (namespace === "") return true
  return labelsOf(namespace).then((found) => matches(namespaceSelector, found))
}

function labels(object: AnyObject | undefined): Labels | undefined {
  return object?.metadata?.labels
}

function selectsAll(selector: Webhook["objectSelector"] | undefined): boolean {
  return (
    selector === undefined ||
    (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)
  )
}
