import type { Strategy } from "./strategy.ts"

interface NamespaceView {
  metadata: { name?: string; labels?: Record<string, string> }
  spec?: { finalizers?: string[] }
  status?: { phase?: string }
}

/** A namespace is held by `spec.finalizers` until the namespace controller has emptied it. */
export const namespaces: Strategy = {
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
  markDeleting(object) {
    const namespace = object as unknown as NamespaceView
    namespace.status = { ...namespace.status, phase: "Terminating" }
  },
  isHeld: (object) => ((object as unknown as NamespaceView).spec?.finalizers ?? []).length > 0,
}
