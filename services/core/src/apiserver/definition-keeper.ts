import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { KindOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Components } from "@wick/sdk/api/structural"
import type { Client } from "@wick/sdk/client"
import type { Log } from "@wick/sdk/log"
import type { WebhookCalls } from "./conversion/webhook-conversion.ts"
import { acceptedStatus, cleanupFinalizer, customResources } from "./custom-resources.ts"
import { parseObject } from "./object-bytes.ts"
import { type Server, timestamp } from "./request-context.ts"
import type { ServedResource } from "./served-resource.ts"
import type { WatchCache } from "./watch-cache.ts"

type Definition = KindOf<typeof CustomResourceDefinition>

/** Resolves when the last object is gone, which may wait for finalizers, or when the cache is lost. */
function emptied(cache: WatchCache): Promise<void> {
  if (cache.list().length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const unsubscribe = cache.subscribe(cache.revision, {
      onEvent: () => {
        if (cache.list().length > 0) return
        unsubscribe()
        resolve()
      },
      onLost: resolve,
    })
  })
}

/**
 * Keeps what is served equal to the CustomResourceDefinitions that are stored. A definition is served in the same turn
 * in which its write is seen, so a client that got its answer can use it at once; its status follows.
 */
export class DefinitionKeeper {
  readonly #server: Server
  readonly #client: Client
  readonly #components: Components
  readonly #calls: () => WebhookCalls
  readonly #log: Log
  readonly #served = new Map<string, ServedResource[]>()
  #unsubscribe: () => void = () => {}

  constructor(server: Server, client: Client, components: Components, calls: () => WebhookCalls) {
    this.#server = server
    this.#client = client
    this.#components = components
    this.#calls = calls
    this.#log = server.log.with({ part: "custom resources" })
  }

  async start(definitions: ServedResource): Promise<void> {
    const cache = this.#server.store.cache(definitions)
    await cache.fresh()
    for (const { bytes } of cache.list()) this.#serve(parseObject(bytes) as unknown as Definition)
    this.#unsubscribe = cache.subscribe(cache.revision, {
      onEvent: ({ before, after }) => {
        if (after) this.#serve(parseObject(after.bytes) as unknown as Definition)
        else if (before) this.#stopServing(parseObject(before.bytes) as unknown as Definition)
      },
      onLost: () =>
        void this.start(definitions).catch((error: unknown) =>
          this.#log.error("definitions are followed no more", { error }),
        ),
    })
  }

  close(): void {
    this.#unsubscribe()
  }

  #serve(definition: Definition): void {
    const { name } = definition.metadata
    const { group, names } = definition.spec
    try {
      const resources = customResources(definition, this.#components, this.#calls)
      this.#server.registry.remove(group, names.plural)
      for (const resource of resources) this.#server.registry.add(resource)
      this.#served.set(name, resources)
    } catch (error) {
      this.#log.error("definition cannot be served", { name, error })
      return
    }
    const { deletionTimestamp } = definition.metadata
    // A definition that ends is served to the last: its objects' finalizers must be reachable.
    void this.#settle(() => (deletionTimestamp ? this.#cleanUp(definition) : this.#accept(definition)))
  }

  async #accept(definition: Definition): Promise<void> {
    const status = acceptedStatus(definition, timestamp(this.#server))
    const { name, finalizers = [] } = definition.metadata
    if (!finalizers.includes(cleanupFinalizer)) {
      const body = { metadata: { finalizers: [...finalizers, cleanupFinalizer] } }
      await this.#client.patch(CustomResourceDefinition, { name }, { type: "merge", body })
    }
    if (status)
      await this.#client.patch(
        CustomResourceDefinition,
        { name },
        { type: "merge", body: { status } },
        { subresource: "status" },
      )
  }

  /** Deletes every object of a definition that is being deleted, then lets it go. */
  async #cleanUp(definition: Definition): Promise<void> {
    const [resource] = this.#served.get(definition.metadata.name) ?? []
    if (!resource) return
    const cache = this.#server.store.cache(resource)
    await cache.fresh()
    for (const { index } of cache.list()) {
      await this.#client.delete(resource, {
        name: index.name,
        ...(resource.namespaced && { namespace: index.namespace }),
      })
    }
    await emptied(cache)
    const { name, finalizers = [] } = definition.metadata
    if (!finalizers.includes(cleanupFinalizer) || cache.list().length > 0) return
    const body = { metadata: { finalizers: finalizers.filter((finalizer) => finalizer !== cleanupFinalizer) } }
    await this.#client.patch(CustomResourceDefinition, { name }, { type: "merge", body })
  }

  #stopServing(definition: Definition): void {
    const { group, names } = definition.spec
    for (const resource of this.#served.get(definition.metadata.name) ?? []) this.#server.store.drop(resource)
    this.#served.delete(definition.metadata.name)
    this.#server.registry.remove(group, names.plural)
  }

  /** A lost race is decided again by the event that won it. */
  async #settle(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      if (!isStatus(error, "Conflict", "NotFound")) this.#log.error("definition not settled", { error })
    }
  }
}
