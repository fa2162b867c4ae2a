import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { Storage } from "#store"
import type { AdmissionAttributes } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import { namespaceSelected, rulesName } from "../webhook/match.ts"
import type { Bound, MatchResources } from "./policy.ts"

type Rules = NonNullable<MatchResources["resourceRules"]>

/** Whether a policy is about a write, as it is bound. Almost always decided without waiting. */
export async function isConcerned(
  { policy, binding }: Bound,
  attributes: AdmissionAttributes,
  storage: Storage,
): Promise<boolean> {
  const { matchConstraints } = policy.spec ?? {}
  const { matchResources } = binding.spec ?? {}
  if (!matchConstraints?.resourceRules?.length) return false
  return (
    (await selects(matchConstraints, attributes, storage)) &&
    (!matchResources || (await selects(matchResources, attributes, storage)))
  )
}

async function selects(
  constraints: MatchResources,
  attributes: AdmissionAttributes,
  storage: Storage,
): Promise<boolean> {
  const { resourceRules, excludeResourceRules = [], objectSelector, namespaceSelector } = constraints
  const everything: Rules = [
    { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], scope: "*" },
  ]
  const named = (rules: Rules): Rules =>
    rules.filter(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(attributes.name))
  // A binding without rules takes over all that its policy is about.
  const rules = named(resourceRules?.length ? resourceRules : everything)
  const selection = { rules, objectSelector, namespaceSelector }
  if (!rulesName(selection, attributes)) return false
  const all = { objectSelector: {}, namespaceSelector: {} }
  if (rulesName({ ...all, rules: named(excludeResourceRules) }, attributes)) return false
  return namespaceSelected(selection, attributes, async (namespace) => {
    return (await readCoreObject<Namespace>(storage, "namespaces", "", namespace))?.metadata.labels
  })
}
