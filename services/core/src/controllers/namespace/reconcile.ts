import { Event } from "@wick/sdk/api/core/event"
import { Namespace } from "@wick/sdk/api/core/namespace"
import type { Kind } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { listPath, resourcePath } from "@wick/sdk/client"
import { createController, done, type Informer, type Result, subject, wakeAfter, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import type { Inventory, TrackedObject } from "../inventory/inventory.ts"
import { statusPatch } from "../status-patch.ts"
import { decide, finalizer, hindrances, type Progress } from "./decide.ts"

const concurrency = 8
/** Removals tell themselves; this is for one that nobody told, while a namespace is being deleted. */
const lookAgainMs = 10_000

/** Empties namespaces that are being deleted, and lets them go when nothing is left. */
export function startNamespaces(context: ControllerContext, inventory: Inventory): AsyncDisposable {
  const { clock, informers, log, metrics } = context
  const namespaces = informers(Namespace)
  const emptier = new Emptier(context, inventory, namespaces)
  const isEnding = (name: string): boolean => namespaces.get(name)?.metadata.deletionTimestamp !== undefined
  return createController({
    name: "namespace-controller",
    clock,
    log,
    metrics,
    concurrency,
    watches: [
      watchOf(namespaces, ({ after }) => (after?.metadata.deletionTimestamp ? [after.metadata.name] : [])),
      {
        synced: inventory.synced,
        subscribe: (wake) =>
          inventory.onChange((change) => {
            const { namespace } = subject(change)
            if (namespace !== "" && isEnding(namespace)) wake(namespace)
          }),
      },
      {
        synced: inventory.synced,
        subscribe: (wake) =>
          inventory.onFailedChange(() => {
            for (const { metadata } of namespaces.list()) if (isEnding(metadata.name)) wake(metadata.name)
          }),
      },
    ],
    reconcile: (name) => emptier.reconcile(name),
  })
}

class Emptier {
  readonly #context: ControllerContext
  readonly #inventory: Inventory
  readonly #namespaces: Informer<typeof Namespace>

  constructor(context: ControllerContext, inventory: Inventory, namespaces: Informer<typeof Namespace>) {
    this.#context = context
    this.#inventory = inventory
    this.#namespaces = namespaces
  }

  async reconcile(name: string): Promise<Result> {
    const namespace = this.#namespaces.get(name)
    if (!namespace) return done
    const content = this.#inventory.inNamespace(name)
    const failed = this.#inventory.failed()
    const verdict = decide(namespace, content, failed)
    if (verdict.kind === "nothing") return done
    if (verdict.kind === "finish") return await this.#finish(namespace)
    const remove = verdict.kind === "empty" ? verdict.remove : []
    const refused = await refusals(remove.map((object) => this.#remove(object)))
    // Most content goes at once: what is said of it is only worth a write when something stays.
    if (remove.length === 0 || refused.length > 0) await this.#explain(namespace, { content, failed, refused })
    if (refused[0]) throw refused[0]
    return wakeAfter(lookAgainMs)
  }

  /** A cache may be behind, and events are in none: every kind is asked live before the namespace goes. */
  async #finish(namespace: Namespace): Promise<Result> {
    const { name } = namespace.metadata
    const kinds = [Event as Kind, ...this.#inventory.kinds()].filter(({ namespaced }) => namespaced)
    const purges = kinds.map((kind) => this.#purge(kind, name))
    const refused = await refusals(purges)
    if (refused[0]) {
      await this.#explain(namespace, { content: [], failed: this.#inventory.failed(), refused })
      throw refused[0]
    }
    if ((await Promise.all(purges)).some(Boolean)) return wakeAfter(lookAgainMs)
    const finalizers = (namespace.spec?.finalizers ?? []).filter((other) => other !== finalizer)
    const body = JSON.stringify({ ...namespace, spec: { ...namespace.spec, finalizers } })
    const headers = { "content-type": "application/json" }
    try {
      const path = resourcePath(Namespace, { name, subresource: "finalize" })
      await this.#context.client.request(path, { method: "PUT", headers, body })
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
    return done
  }

  /** Removes all objects of a kind that are still there; says whether there were any that stay for now. */
  async #purge(kind: Kind, namespace: string): Promise<boolean> {
    const { client } = this.#context
    if ((await client.list(kind, { namespace, limit: 1 })).items.length === 0) return false
    await client.request(listPath(kind, { namespace }), { method: "DELETE" })
    return (await client.list(kind, { namespace, limit: 1 })).items.length > 0
  }

  async #remove({ kind, name, namespace, uid }: TrackedObject): Promise<void> {
    try {
      const options = { propagationPolicy: "Background", preconditions: { uid } } as const
      await this.#context.client.delete(kind, { name, namespace }, options)
    } catch (error) {
      if (!isStatus(error, "NotFound", "Conflict", "MethodNotAllowed")) throw error
    }
  }

  async #explain(namespace: Namespace, progress: Progress): Promise<void> {
    const conditions = hindrances(namespace, progress, this.#context.clock.now())
    const body = statusPatch(namespace.status, { ...namespace.status, conditions })
    if (!body) return
    const { name } = namespace.metadata
    await this.#context.client.patch(Namespace, { name }, { type: "merge", body }, { subresource: "status" })
  }
}

/** Waits for all, and gives the errors of those that failed. */
async function refusals(work: readonly Promise<unknown>[]): Promise<Error[]> {
  const settled = await Promise.allSettled(work)
  return settled.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []))
}
