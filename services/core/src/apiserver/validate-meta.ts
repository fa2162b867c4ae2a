import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { OwnerReference } from "@wick/sdk/api/meta/object-meta"
import type { ServedResource } from "./served-resource.ts"
import { each, invalid, required } from "./strategy/mistake.ts"
import { dnsLabel, dnsSubdomain, labelsMistakes, qualifiedName } from "./strategy/name-format.ts"

/** Bytes of a name that may be nearly anything: it has to fit into a key of the store. */
const pathSegmentMax = 2_048
const annotationsBytesMax = 256 * 1024
const pathSegment = /^(?!\.\.?$)[^/%]+$/

/** Kinds whose names become DNS labels, and those whose names may be nearly anything. */
const labelNames = new Set(["namespaces", "services"])
const freeNames = new Set(["roles", "clusterroles", "rolebindings", "clusterrolebindings", "apiservices"])

export function validateMeta(resource: ServedResource, { metadata }: AnyObject): FieldError[] {
  const { labels, annotations, ownerReferences, finalizers } = metadata
  const mistakes = nameMistakes(resource, metadata.name ?? "")
  // Most objects have few of these, and every write looks at them.
  if (labels) mistakes.push(...labelsMistakes("metadata.labels", texts(labels)))
  if (annotations) mistakes.push(...annotationMistakes(annotations))
  if (ownerReferences) mistakes.push(...ownerMistakes(list(ownerReferences)))
  for (const name of list(finalizers)) mistakes.push(...qualifiedName("metadata.finalizers", String(name)))
  return mistakes
}

/** Who deletes an object has seen who must agree; nobody joins them afterwards. */
export function finalizerMistakes(live: AnyObject, { metadata }: AnyObject): FieldError[] {
  if (live.metadata.deletionTimestamp === undefined) return []
  const before = live.metadata.finalizers ?? []
  const added = list(metadata.finalizers).filter((name) => !before.includes(name))
  if (added.length === 0) return []
  const names = added.map((name) => JSON.stringify(name)).join(", ")
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`
  return [{ type: "Forbidden", field: "metadata.finalizers", detail }]
}

function freeNameMistakes(field: string, name: string): FieldError[] {
  if (typeof name === "string" && Buffer.byteLength(name) > pathSegmentMax) {
    return [{ type: "TooLong", field, detail: `may not be more than ${pathSegmentMax} bytes` }]
  }
  if (pathSegment.test(name)) return []
  return [invalid(field, name, "may not be '.' or '..' or contain '/' or '%'")]
}

function nameMistakes({ plural, group }: ServedResource, name: string): FieldError[] {
  const field = "metadata.name"
  if (name === "") return [required(field, "name or generateName is required")]
  if (freeNames.has(plural)) return freeNameMistakes(field, name)
  return group === "" && labelNames.has(plural) ? dnsLabel(field, name) : dnsSubdomain(field, name)
}

/** What is no list is told by the schema; here it has no items. */
function list<Item>(value: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(value) ? value : []
}

/** Values that are none are told by the schema; here they are read as what they would print. */
function texts(map: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, String(value)]))
}

function annotationMistakes(annotations: Readonly<Record<string, unknown>>): FieldError[] {
  const field = "metadata.annotations"
  const bytes = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)
  const tooLong: FieldError[] =
    bytes > annotationsBytesMax
      ? [{ type: "TooLong", field, detail: `may not be more than ${annotationsBytesMax} bytes` }]
      : []
  return [...tooLong, ...Object.keys(annotations).flatMap((key) => qualifiedName(field, key.toLowerCase()))]
}

/** Owners are named in full, and one of them at most is the controller. */
function ownerMistakes(owners: readonly OwnerReference[]): FieldError[] {
  const field = "metadata.ownerReferences"
  const empty = "must not be empty"
  const [first, second] = owners.filter((owner) => owner?.controller === true)
  const both = `Only one reference can have Controller set to true. Found "true" in references for ${first?.kind}/${first?.name} and ${second?.kind}/${second?.name}`
  return [
    ...each(field, owners, (owner, at) => [
      ...(owner?.apiVersion === "" ? [invalid(`${at}.apiVersion`, "", "version must not be empty")] : []),
      ...(["kind", "name", "uid"] as const).flatMap((part) =>
        owner?.[part] === "" ? [invalid(`${at}.${part}`, "", empty)] : [],
      ),
    ]),
    ...(second ? [invalid(field, owners, both)] : []),
  ]
}
