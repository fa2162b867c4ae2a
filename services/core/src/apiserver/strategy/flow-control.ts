import type { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import type { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { flowControlObjects, mandatory } from "../fairness/bootstrap-objects.ts"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { each, forbidden, invalid, notNegative, oneOf, positive, required } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"

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
      ...fixedMistakes(object, "FlowSchema", spec),
      ...(matchingPrecedence === 1 && object.metadata?.name !== "exempt"
        ? [invalid("spec.matchingPrecedence", 1, "only the schema named 'exempt' may have matchingPrecedence 1")]
        : []),
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
    const isExempt = object.metadata?.name === "exempt"
    return [
      // How much others may borrow of an exempt level is for people to say.
      ...(isExempt ? [] : fixedMistakes(object, "PriorityLevelConfiguration", spec)),
      ...((type === "Exempt") === isExempt
        ? []
        : [invalid("spec.type", type, "must be 'Exempt' if and only if `name` is 'exempt'")]),
      ...oneOf("spec.type", type, levelTypes),
      ...(type === "Limited" && !limited ? [required(at, 'must not be empty when type is "Limited"')] : []),
      ...(type === "Exempt" && limited ? [forbidden(at, "must be nil if the type is not Limited")] : []),
      ...(type === "Limited" && exempt ? [forbidden("spec.exempt", "must be nil if the type is Limited")] : []),
      ...percentMistakes("spec.exempt.lendablePercent", exempt?.lendablePercent),
      ...notNegative("spec.exempt.nominalConcurrencyShares", exempt?.nominalConcurrencyShares),
      ...percentMistakes(`${at}.lendablePercent`, limited?.lendablePercent),
      ...notNegative(`${at}.nominalConcurrencyShares`, limited?.nominalConcurrencyShares),
      ...notNegative(`${at}.borrowingLimitPercent`, limited?.borrowingLimitPercent),
      ...oneOf(`${at}.limitResponse.type`, limited?.limitResponse?.type, ["Queue", "Reject"]),
      ...(limited?.limitResponse?.type === "Reject" && queuing
        ? [forbidden(`${at}.limitResponse.queuing`, "must be nil if limited.limitResponse.type is not Limited")]
        : []),
      ...positive(`${at}.limitResponse.queuing.queues`, queuing?.queues),
      ...positive(`${at}.limitResponse.queuing.handSize`, queuing?.handSize),
      ...positive(`${at}.limitResponse.queuing.queueLengthLimit`, queuing?.queueLengthLimit),
      ...handMistakes(`${at}.limitResponse.queuing`, queuing),
    ]
  },
}

/** What the server cannot do without stays as it brings it. */
function fixedMistakes({ metadata }: Partial<AnyObject>, kind: string, spec: unknown): FieldError[] {
  const name = metadata?.name ?? ""
  if (!mandatory.includes(name)) return []
  const fixed = flowControlObjects().find((each) => each.kind === kind && each.metadata.name === name)
  return jsonEqual(fixed?.spec, spec) ? [] : [invalid("spec", spec, `spec of '${name}' must equal the fixed value`)]
}

type Queuing = NonNullable<
  NonNullable<NonNullable<NonNullable<PriorityLevelConfiguration["spec"]>["limited"]>["limitResponse"]>["queuing"]
>

const queuesMax = 10_000_000
/** A hand is dealt from one hash of so many bits. */
const entropyBitsMax = 60

function handMistakes(at: string, queuing: Queuing | undefined): FieldError[] {
  const { queues = 64, handSize = 8 } = queuing ?? {}
  if (queues <= 0 || handSize <= 0) return []
  if (queues > queuesMax) return [invalid(`${at}.queues`, queues, `must not be greater than ${queuesMax}`)]
  if (handSize > queues) return [invalid(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`)]
  const bits = Array.from({ length: handSize }, (_, dealt) => Math.log2(queues - dealt)).reduce(
    (sum, each) => sum + each,
  )
  if (bits <= entropyBitsMax) return []
  const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${entropyBitsMax}`
  return [invalid(`${at}.handSize`, handSize, detail)]
}

function percentMistakes(field: string, percent: number | undefined): FieldError[] {
  if (percent === undefined || (percent >= 0 && percent <= percentMax)) return []
  return [invalid(field, percent, "must be between 0 and 100, inclusive")]
}
