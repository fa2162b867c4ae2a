import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { each, invalid } from "./mistake.ts"
import { qualifiedName } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"

interface NamespaceView {
  metadata: { name?: string; labels?: Record<string, string>; deletionTimestamp?: string }
  spec?: { finalizers?: string[] }
  status?: { phase?: string }
}

/** A namespace is held by `spec.finalizers` until the namespace controller has emptied it. */
export const namespaces: Strategy = {
  serverFills: { "f:spec": { "f:finalizers": {} } },
  prepareCreate(object) {
    const namespace = object as unknown as NamespaceView
    namespace.spec = { ...namespace.spec, finalizers: ["kubernetes"] }
    namespace.status = { phase: "Active" }
    namespace.metadata.labels = {
      ...namespace.metadata.labels,
      "kubernetes.io/metadata.name": namespace.metadata.name ?? "",
    }
  },
  prepareUpdate(object, old, _nowMs, subresource) {
    if (subresource === "finalize") return
    const namespace = object as unknown as NamespaceView
    const before = old as unknown as NamespaceView
    namespace.spec = { ...namespace.spec, finalizers: before.spec?.finalizers ?? [] }
  },
  validate: (object) => finalizerMistakes((object as unknown as NamespaceView).spec?.finalizers),
  validateStatus(object) {
    const { metadata, status } = object as unknown as NamespaceView
    const isEnding = metadata.deletionTimestamp !== undefined
    const phase = isEnding ? "Terminating" : "Active"
    if (status?.phase === phase) return []
    const when = `\`deletionTimestamp\` is ${isEnding ? "not empty" : "empty"}`
    return [invalid("status.Phase", status?.phase ?? "", `may only be '${phase}' if ${when}`)]
  },
  markDeleting(object) {
    const namespace = object as unknown as NamespaceView
    namespace.status = { ...namespace.status, phase: "Terminating" }
  },
  isHeld: (object) => ((object as unknown as NamespaceView).spec?.finalizers ?? []).length > 0,
}

function finalizerMistakes(finalizers: readonly string[] | undefined): FieldError[] {
  return each("spec.finalizers", finalizers, (name, at) => {
    const mistakes = qualifiedName(at, name)
    if (mistakes.length > 0 || name === "kubernetes" || name.includes("/")) return mistakes
    return [invalid(at, name, "name is neither a standard finalizer name nor is it fully qualified")]
  })
}
