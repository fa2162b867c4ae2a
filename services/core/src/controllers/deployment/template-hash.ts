import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import type { PodTemplateSpec } from "@wick/sdk/api/core/pod-template"

/** Label that tells the pods of one template from those of another. */
export const hashLabel = "pod-template-hash"

/** Letters and digits that spell no words by accident. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

/** A short name of the template; `collisions` makes another one, when two templates have met in the same name. */
export function templateHash({ spec, status }: Deployment): string {
  const collisions = status?.collisionCount ?? 0
  let text = ""
  let rest = fnv1a(`${collisions}${canonical(spec.template)}`)
  for (let i = 0; i < 9; i++) {
    text += alphabet[Number(rest % BigInt(alphabet.length))]
    rest /= BigInt(alphabet.length)
  }
  return text
}

/** Whether the set makes the pods that the deployment wants: the same template but for the hash. */
export function hasTemplate(set: ReplicaSet, template: PodTemplateSpec): boolean {
  return set.spec.template !== undefined && canonical(set.spec.template) === canonical(template)
}

/** Canonical texts by the text as it came: the server writes a template the same way every time. */
const canonicalTexts = new Map<string, string>()
/** Of those that are made or rolled out at one time: a template that rests is not asked for. */
const canonicalTextsMax = 128

function canonical(template: PodTemplateSpec): string {
  const written = JSON.stringify(template)
  const known = canonicalTexts.get(written)
  if (known !== undefined) return known
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? {}
  const text = JSON.stringify(sorted({ ...template, metadata: { ...template.metadata, labels } }))
  if (canonicalTexts.size >= canonicalTextsMax) canonicalTexts.clear()
  canonicalTexts.set(written, text)
  return text
}

/** The value with the keys of all objects in order, and without empty ones: absent and empty mean the same here. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value)
    .map(([key, item]): [string, unknown] => [key, sorted(item)])
    .filter(([, item]) => item !== undefined && item !== null && !isEmpty(item))
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0
}

function fnv1a(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
