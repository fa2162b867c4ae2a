import type { AnyObject } from "@wick/sdk/api/kind"
import { type FieldError, invalidValue, missing, mistake, via } from "@wick/sdk/api/serving/field-error"
import { dns1035Mistakes, dns1035PrefixMistakes } from "@wick/sdk/api/serving/name-mistakes"

/** An object needs a name, or the beginning of one. */
export function nameMistakes({ metadata }: AnyObject): FieldError[] {
  const { name = "", generateName = "" } = metadata
  const prefix = generateName === "" ? [] : dns1035PrefixMistakes(generateName)
  if (prefix.length > 0) return [mistake(`not a DNS 1035 label prefix: [${prefix.join(" ")}]`, "generateName")]
  const whole = name === "" ? [] : dns1035Mistakes(name)
  if (whole.length > 0) return [mistake(`not a DNS 1035 label: [${whole.join(" ")}]`, "name")]
  return name === "" && generateName === "" ? [mistake("name or generateName is required", "name")] : []
}

const visibility = "networking.knative.dev/visibility"

/** Who may call an app: everybody, or only pods of the cluster. */
export function visibilityMistakes({ metadata }: AnyObject): FieldError[] {
  const value = metadata.labels?.[visibility]
  return value === undefined || value === "cluster-local" ? [] : via("labels", [invalidValue(value, visibility)])
}

/**
 * A label that names the object above needs that as an owner when it is written. Where it stands already the owner may go: a deletion
 * that leaves dependents behind takes it from them, and would never end.
 */
export function ownerMistakes(
  object: AnyObject,
  before: AnyObject | undefined,
  { label, kind }: { readonly label: string; readonly kind: string },
): FieldError[] {
  const value = object.metadata.labels?.[label]
  if (value === undefined || value === before?.metadata.labels?.[label]) return []
  const isOwned = (object.metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === value)
  return isOwned ? [] : via("labels", [missing(label)])
}
