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

/** A label that names the object above needs that as an owner. */
export function ownerMistakes({ metadata }: AnyObject, label: string, kind: string): FieldError[] {
  const value = metadata.labels?.[label]
  const isOwned = (metadata.ownerReferences ?? []).some((owner) => owner.kind === kind && owner.name === value)
  return value === undefined || isOwned ? [] : via("labels", [missing(label)])
}
