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

/** What hinders the removal, in words that `kubectl describe namespace` shows. */
export function hindrances(
  namespace: Namespace,
  content: readonly TrackedObject[],
  failed: readonly string[],
  nowMs: number,
): Conditions {
  const kinds = counted(content.map(({ kind }) => (kind.group ? `${kind.plural}.${kind.group}` : kind.plural)))
  const finalizers = counted(content.flatMap((object) => object.finalizers))
  const remaining = [...kinds].map(([name, count]) => `${name} has ${count} resource instances`).join(", ")
  const held = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).join(", ")
  const now = formatTime(nowMs)
  const about = [discovery(failed), ...unhindered].reduce(
    (conditions, next) => withCondition<Conditions[number]>(conditions, next, now),
    namespace.status?.conditions ?? [],
  )
  const withContent = withCondition<Conditions[number]>(
    about,
    content.length > 0
      ? {
          type: "NamespaceContentRemaining",
          status: "True",
          reason: "SomeResourcesRemain",
          message: `Some resources are remaining: ${remaining}`,
        }
      : {
          type: "NamespaceContentRemaining",
          status: "False",
          reason: "ContentRemoved",
          message: "All content successfully removed",
        },
    now,
  )
  return withCondition<Conditions[number]>(
    withContent,
    finalizers.size > 0
      ? {
          type: "NamespaceFinalizersRemaining",
          status: "True",
          reason: "SomeFinalizersRemain",
          message: `Some content in the namespace has finalizers remaining: ${held}`,
        }
      : {
          type: "NamespaceFinalizersRemaining",
          status: "False",
          reason: "ContentHasNoFinalizers",
          message: "All content-preserving finalizers finished",
        },
    now,
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

/** What Kubernetes says beside, and what cannot fail here: a removal that fails is tried again. */
const unhindered: readonly NewCondition[] = [
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    status: "False",
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
  },
  {
    type: "NamespaceDeletionContentFailure",
    status: "False",
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
  },
]

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of [...names].sort()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
