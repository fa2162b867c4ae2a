import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { Storage } from "#store"
import type { AdmissionAttributes, ResourceName } from "../step.ts"
import { readCoreObject } from "../stored-object.ts"
import { namedIn, namespaceSelected } from "../webhook/match.ts"
import type { Bound, MatchResources } from "./policy.ts"

type Rules = NonNullable<MatchResources["resourceRules"]>

/**
 * The name under which a policy, as it is bound, speaks of a write; undefined when it is not about it. Almost always
 * decided without waiting.
 */
export async function concern(
  { policy, binding }: Bound,
  attributes: AdmissionAttributes,
  storage: Storage,
): Promise<ResourceName | undefined> {
  const { matchConstraints } = policy.spec ?? {}
  const { matchResources } = binding.spec ?? {}
  if (!matchConstraints?.resourceRules?.length) return undefined
  const name = await selected(matchConstraints, attributes, storage)
  if (!name || (matchResources && !(await selected(matchResources, attributes, storage)))) return undefined
  return name
}

async function selected(
  constraints: MatchResources,
  attributes: AdmissionAttributes,
  storage: Storage,
): Promise<ResourceName | undefined> {
  const { resourceRules, excludeResourceRules = [], objectSelector, namespaceSelector, matchPolicy } = constraints
  const everything: Rules = [
    { operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], scope: "*" },
  ]
  const named = (rules: Rules): Rules =>
    rules.filter(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(attributes.name))
  // A binding without rules takes over all that its policy is about.
  const rules = named(resourceRules?.length ? resourceRules : everything)
  const selection = { rules, objectSelector, namespaceSelector, matchPolicy }
  const name = namedIn(selection, attributes)
  if (!name) return undefined
  const all = { objectSelector: {}, namespaceSelector: {}, matchPolicy }
  if (namedIn({ ...all, rules: named(excludeResourceRules) }, attributes)) return undefined
  const isSelected = await namespaceSelected(selection, attributes, async (namespace) => {
    return (await readCoreObject<Namespace>(storage, "namespaces", "", namespace))?.metadata.labels
  })
  return isSelected ? name : undefined
}
