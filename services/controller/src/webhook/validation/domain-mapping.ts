import type { AnyObject } from "@wick/sdk/api/kind"
import { disallowed, type FieldError, missing, mistake, via } from "@wick/sdk/api/serving/field-error"
import { domainNameMistakes } from "@wick/sdk/api/serving/name-mistakes"

const clusterDomain = "cluster.local"

interface Reference {
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly apiVersion?: string
  readonly group?: string
}

/** Every mistake in a mapping of a domain, but for those of who made it. */
export function domainMappingMistakes(object: AnyObject): FieldError[] {
  const { ref } = (object.spec ?? {}) as { ref?: Reference }
  return [
    ...via("metadata", domainMistakes(object)),
    ...via("spec.ref", referenceMistakes(ref, object.metadata.namespace ?? "")),
  ]
}

function domainMistakes({ metadata }: AnyObject): FieldError[] {
  const { name = "", generateName } = metadata
  const shown = JSON.stringify(name)
  const wrong = domainNameMistakes(name)
  const why = wrong.length > 1 ? `[${wrong.join(", ")}]` : wrong[0]
  return [
    ...(generateName ? [disallowed("generateName")] : []),
    ...(wrong.length > 0 ? [mistake(`invalid name ${shown}: ${why}`, "name")] : []),
    ...(name.endsWith(`.${clusterDomain}`)
      ? [mistake(`invalid name ${shown}: must not be a subdomain of cluster local domain "${clusterDomain}"`, "name")]
      : []),
  ]
}

function referenceMistakes(ref: Reference | undefined, own: string): FieldError[] {
  if (ref === undefined) return [missing("name"), missing("apiVersion"), missing("kind")]
  const { name, kind, apiVersion, group, namespace } = ref
  const isElsewhere = namespace !== undefined && namespace !== "" && namespace !== own
  const details = `parent namespace: ${JSON.stringify(own)} does not match ref: ${JSON.stringify(namespace)}`
  return [
    ...(name ? [] : [missing("name")]),
    ...(apiVersion || group ? [] : [missing("apiVersion")]),
    ...(kind ? [] : [missing("kind")]),
    ...(isElsewhere ? [{ ...mistake("mismatched namespaces", "namespace"), details }] : []),
  ]
}
