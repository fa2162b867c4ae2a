import type { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import type { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, forbidden, invalid, oneOf, positive, required } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"
import { forgetStatus } from "./workload.ts"

const precedenceMax = 10_000
const percentMax = 100
const levelTypes = ["Exempt", "Limited"]
const sharesDefault = 30

type Subject = NonNullable<NonNullable<NonNullable<FlowSchema["spec"]>["rules"]>[number]["subjects"]>[number]

export const flowSchemas: Strategy = {
  prepareCreate: forgetStatus,
  validate(object) {
    const { spec } = object as unknown as FlowSchema
    if (!spec) return [required("spec")]
    const { matchingPrecedence, priorityLevelConfiguration, distinguisherMethod, rules } = spec
    return [
      ...(matchingPrecedence < 1 || matchingPrecedence > precedenceMax
        ? [invalid("spec.matchingPrecedence", matchingPrecedence, `must be between 1 and ${precedenceMax}, inclusive`)]
        : []),
      ...(priorityLevelConfiguration.name
        ? []
        : [required("spec.priorityLevelConfiguration.name", "must reference a priority level")]),
      ...oneOf("spec.distinguisherMethod.type", distinguisherMethod?.type, ["ByNamespace", "ByUser"]),
      ...each("spec.rules", rules, ({ subjects, resourceRules = [], nonResourceRules = [] }, at) => [
        ...(subjects.length === 0 ? [required(`${at}.subjects`, "subjects must contain at least one value")] : []),
        ...each(`${at}.subjects`, subjects, (subject, field) => subjectMistakes(field, subject)),
        ...(resourceRules.length + nonResourceRules.length === 0
          ? [required(at, "at least one of resourceRules and nonResourceRules has to be non-empty")]
          : []),
        ...each(`${at}.resourceRules`, resourceRules, (rule, field) => [
          ...(["verbs", "apiGroups", "resources"] as const).flatMap((list) =>
            rule[list].length === 0 ? [required(`${field}.${list}`)] : [],
          ),
          ...(!rule.clusterScope && (rule.namespaces ?? []).length === 0
            ? [
                required(
                  `${field}.namespaces`,
                  "resource rules that are not cluster scoped must supply at least one namespace",
                ),
              ]
            : []),
        ]),
      ]),
    ]
  },
}

function subjectMistakes(field: string, { kind, user, group, serviceAccount }: Subject): FieldError[] {
  const named: Record<string, object | undefined> = { User: user, Group: group, ServiceAccount: serviceAccount }
  const part = kind === "ServiceAccount" ? "serviceAccount" : kind.toLowerCase()
  const unknown = oneOf(`${field}.kind`, kind, ["Group", "ServiceAccount", "User"])
  if (unknown.length > 0) return unknown
  return named[kind] ? [] : [required(`${field}.${part}`, `${part} is required when subject kind is '${kind}'`)]
}

export const priorityLevels: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    const { spec } = object as unknown as PriorityLevelConfiguration
    if (spec?.limited) spec.limited.nominalConcurrencyShares ??= sharesDefault
  },
  validate(object) {
    const { spec } = object as unknown as PriorityLevelConfiguration
    if (!spec) return [required("spec")]
    const { type, limited, exempt } = spec
    const queuing = limited?.limitResponse?.queuing
    const at = "spec.limited"
    return [
      ...oneOf("spec.type", type, levelTypes),
      ...(type === "Limited" && !limited ? [required(at, 'must not be empty when type is "Limited"')] : []),
      ...(type === "Exempt" && limited ? [forbidden(at, "must be nil if the type is not Limited")] : []),
      ...(type === "Limited" && exempt ? [forbidden("spec.exempt", "must be nil if the type is Limited")] : []),
      ...percentMistakes(`${at}.lendablePercent`, limited?.lendablePercent),
      ...oneOf(`${at}.limitResponse.type`, limited?.limitResponse?.type, ["Queue", "Reject"]),
      ...(limited?.limitResponse?.type === "Reject" && queuing
        ? [forbidden(`${at}.limitResponse.queuing`, "must be nil if limited.limitResponse.type is not Limited")]
        : []),
      ...positive(`${at}.limitResponse.queuing.queues`, queuing?.queues),
      ...positive(`${at}.limitResponse.queuing.handSize`, queuing?.handSize),
      ...positive(`${at}.limitResponse.queuing.queueLengthLimit`, queuing?.queueLengthLimit),
    ]
  },
}

function percentMistakes(field: string, percent: number | undefined): FieldError[] {
  if (percent === undefined || (percent >= 0 && percent <= percentMax)) return []
  return [invalid(field, percent, "must be between 0 and 100, inclusive")]
}
