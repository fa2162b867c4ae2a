import type { Namespace } from "@wick/sdk/api/core/namespace"
import { withCondition } from "@wick/sdk/api/meta/condition"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { TrackedObject } from "../inventory/inventory.ts"

export const finalizer = "kubernetes"

export type Verdict =
  | { readonly kind: "nothing" }
  /** Objects are left: these are asked to go, all are waited for. */
  | { readonly kind: "empty"; readonly remove: readonly TrackedObject[] }
  /** Nothing is known to be left: look once more, live, and let it go. */
  | { readonly kind: "finish" }
  /** Nothing is known to be left, but there are groups that cannot be looked into. */
  | { readonly kind: "wait" }

/** What a namespace that is being deleted needs next. */
export function decide(namespace: Namespace, content: readonly TrackedObject[], failed: readonly string[]): Verdict {
  const held = namespace.spec?.finalizers?.includes(finalizer) ?? false
  if (namespace.metadata.deletionTimestamp === undefined || !held) return { kind: "nothing" }
  if (content.length === 0) return { kind: failed.length > 0 ? "wait" : "finish" }
  return { kind: "empty", remove: content.filter(({ deleting }) => !deleting) }
}

type Conditions = NonNullable<NonNullable<Namespace["status"]>["conditions"]>

/** What is known of a namespace that is being emptied. */
export interface Progress {
  readonly content: readonly TrackedObject[]
  /** Versions of groups that cannot be looked into. */
  readonly failed: readonly string[]
  /** Why what was to be removed was not. */
  readonly refused: readonly Error[]
}

/** What hinders the removal, in words that `kubectl describe namespace` shows. */
export function hindrances(namespace: Namespace, { content, failed, refused }: Progress, nowMs: number): Conditions {
  const now = formatTime(nowMs)
  return [discovery(failed), parsing, deletion(refused), remaining(content), held(content)].reduce(
    (conditions, next) => withCondition<Conditions[number]>(conditions, next, now),
    namespace.status?.conditions ?? [],
  )
}

type NewCondition = Omit<Conditions[number], "lastTransitionTime">

/** What may still be there in groups that nobody can look into. */
function discovery(failed: readonly string[]): NewCondition {
  const type = "NamespaceDeletionDiscoveryFailure"
  if (failed.length === 0) {
    return { type, status: "False", reason: "ResourcesDiscovered", message: "All resources successfully discovered" }
  }
  const groups = failed.map((name) => `${name}: stale GroupVersion discovery: ${name}`).join(", ")
  const why = `unable to retrieve the complete list of server APIs: ${groups}`
  const message = `Discovery failed for some groups, ${failed.length} failing: ${why}`
  return { type, status: "True", reason: "DiscoveryFailed", message }
}

/** Kubernetes says this too; here it cannot be otherwise. */
const parsing: NewCondition = {
  type: "NamespaceDeletionGroupVersionParsingFailure",
  status: "False",
  reason: "ParsedGroupVersions",
  message: "All legacy kube types successfully parsed",
}

function deletion(refused: readonly Error[]): NewCondition {
  const errors = [...new Set(refused.map(({ message }) => message))]
  const type = "NamespaceDeletionContentFailure"
  if (errors.length === 0) {
    const message = "All content successfully deleted, may be waiting on finalization"
    return { type, status: "False", reason: "ContentDeleted", message }
  }
  const message = `Failed to delete all resource types, ${errors.length} remaining: ${errors.join(", ")}`
  return { type, status: "True", reason: "ContentDeletionFailed", message }
}

function remaining(content: readonly TrackedObject[]): NewCondition {
  const type = "NamespaceContentRemaining"
  if (content.length === 0) {
    return { type, status: "False", reason: "ContentRemoved", message: "All content successfully removed" }
  }
  const kinds = counted(content.map(({ kind }) => (kind.group ? `${kind.plural}.${kind.group}` : kind.plural)))
  const list = [...kinds].map(([name, count]) => `${name} has ${count} resource instances`).join(", ")
  return { type, status: "True", reason: "SomeResourcesRemain", message: `Some resources are remaining: ${list}` }
}

function held(content: readonly TrackedObject[]): NewCondition {
  const type = "NamespaceFinalizersRemaining"
  const finalizers = counted(content.flatMap((object) => object.finalizers))
  if (finalizers.size === 0) {
    const message = "All content-preserving finalizers finished"
    return { type, status: "False", reason: "ContentHasNoFinalizers", message }
  }
  const list = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).join(", ")
  const message = `Some content in the namespace has finalizers remaining: ${list}`
  return { type, status: "True", reason: "SomeFinalizersRemain", message }
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of [...names].sort()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
