import type { AdmissionAttributes, Equivalent, ResourceName } from "./step.ts"

export type MatchPolicy = "Exact" | "Equivalent"

/**
 * The names by which rules may speak of a write, the client's own first. Exact rules speak of that one only; others mean
 * the resource, whatever version of it somebody uses.
 */
export function namesOf(attributes: AdmissionAttributes, policy: MatchPolicy | undefined): readonly ResourceName[] {
  const { requested, equivalents } = attributes
  if (policy === "Exact" && !requested) return [attributes]
  const all: readonly ResourceName[] = [attributes, ...(equivalents?.() ?? [])]
  if (!requested) return all
  const asked = all.filter((name) => isSame(name, requested))
  return policy === "Exact" ? asked : [...asked, ...all.filter((name) => !asked.includes(name))]
}

function isSame(one: ResourceName, other: ResourceName): boolean {
  return one.group === other.group && one.version === other.version && one.resource === other.resource
}

/** The write as it is under `name`, which is one of its names. */
export async function underName(attributes: AdmissionAttributes, name: ResourceName): Promise<AdmissionAttributes> {
  if (!isEquivalent(name)) return attributes
  const { group, version, kind, resource, schema, convert } = name
  const { object, oldObject } = attributes
  return {
    ...attributes,
    group,
    version,
    kind,
    resource,
    schema,
    object: object && (await convert(object)),
    oldObject: oldObject && (await convert(oldObject)),
    requested: attributes.requested ?? attributes,
  }
}

/** An object that was changed under `name`, as it is in `attributes`. */
export async function backFrom<Changed extends AdmissionAttributes["object"]>(
  name: ResourceName,
  object: Changed,
): Promise<Changed> {
  return object && isEquivalent(name) ? ((await name.convertBack(object)) as Changed) : object
}

function isEquivalent(name: ResourceName): name is Equivalent {
  return "convert" in name
}
