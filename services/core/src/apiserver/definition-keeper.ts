import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import type { KindOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Components } from "@wick/sdk/api/structural"
import type { Client } from "@wick/sdk/client"
import type { Log } from "@wick/sdk/log"
import type { WebhookCalls } from "./conversion/webhook-conversion.ts"
import { cleanupFinalizer, customResources } from "./custom-resources.ts"
import { isEstablished, type Names, type NamesInUse, namesInUse, standing } from "./definition-status.ts"
import { parseObject } from "./object-bytes.ts"
import { jsonEqual } from "./patch/json-value.ts"
import { type Server, timestamp } from "./request-context.ts"
import type { ServedResource } from "./served-resource.ts"
import type { WatchCache } from "./watch-cache.ts"

type Definition = KindOf<typeof CustomResourceDefinition>

/** Resolves when the last object is gone, which may wait for finalizers, or when the cache is lost. */
function emptied(cache: WatchCache): Promise<void> {
  if (cache.size === 0) return Promise.resolve()
  return new Promise((resolve) => {
    const unsubscribe = cache.subscribe(cache.revision, {
      onEvent: () => {
        if (cache.size > 0) return
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
  /** Of each definition what is served, and all that decides how, as text. */
  readonly #served = new Map<string, { readonly form: string; readonly resources: readonly ServedResource[] }>()
  /** The names that each definition has. */
  readonly #accepted = new Map<string, { readonly group: string; readonly names: Names }>()
  /** Those of which a name is taken. */
  readonly #unaccepted = new Map<string, Definition>()
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
    const stored = cache.list().map(({ bytes }) => parseObject(bytes) as unknown as Definition)
    for (const { metadata, spec, status } of stored) {
      if (status?.acceptedNames) this.#accepted.set(metadata.name, { group: spec.group, names: status.acceptedNames })
    }
    for (const definition of stored) this.#serve(definition)
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
    const status = standing(definition, this.#inUse(name, group), timestamp(this.#server))
    this.#accepted.set(name, { group, names: status.acceptedNames })
    const isAccepted = status.conditions?.some((each) => each.type === "NamesAccepted" && each.status === "True")
    if (isAccepted) this.#unaccepted.delete(name)
    else this.#unaccepted.set(name, definition)
    if (isEstablished(status)) this.#offer(definition, { ...names, ...status.acceptedNames })
    this.#reconsider(name, group)
    const { deletionTimestamp } = definition.metadata
    // A definition that ends is served to the last: its objects' finalizers must be reachable.
    void this.#settle(async () => {
      await this.#accept(definition, status)
      if (deletionTimestamp) await this.#cleanUp(definition)
    })
  }

  /** Serves it if it is not served so already. Whoever watches begins again, in what is there now. */
  #offer(definition: Definition, names: Names): void {
    const { name, deletionTimestamp } = definition.metadata
    const form = JSON.stringify([definition.spec, names, deletionTimestamp !== undefined])
    const before = this.#served.get(name)
    if (before?.form === form) return
    try {
      const resources = customResources(definition, names, this.#components, this.#calls)
      this.#server.registry.remove(definition.spec.group, names.plural)
      for (const resource of resources) this.#server.registry.add(resource)
      this.#served.set(name, { form, resources })
      const [resource] = resources
      if (before && resource) this.#server.store.renew(resource)
    } catch (error) {
      this.#log.error("definition cannot be served", { name, error })
    }
  }

  /** Names that the others of a group have: the server's own kinds and whatever definition was first. */
  #inUse(name: string, group: string): NamesInUse {
    const builtin = this.#server.registry.all().filter((resource) => !resource.custom && resource.group === group)
    const others = [...this.#accepted].filter(([other, each]) => other !== name && each.group === group)
    return namesInUse([...builtin, ...others.map(([, { names }]) => names)])
  }

  /** A name that somebody has let go may be what another waits for. */
  #reconsider(changed: string, group: string): void {
    for (const [name, definition] of [...this.#unaccepted]) {
      if (name === changed || definition.spec.group !== group || definition.metadata.deletionTimestamp) continue
      const next = standing(definition, this.#inUse(name, group), timestamp(this.#server))
      if (next.conditions?.some((each) => each.type === "NamesAccepted" && each.status === "True"))
        this.#serve(definition)
    }
  }

  async #accept(definition: Definition, status: NonNullable<Definition["status"]>): Promise<void> {
    const { name, finalizers = [], deletionTimestamp } = definition.metadata
    if (!deletionTimestamp && !finalizers.includes(cleanupFinalizer)) {
      const body = { metadata: { finalizers: [...finalizers, cleanupFinalizer] } }
      await this.#client.patch(CustomResourceDefinition, { name }, { type: "merge", body })
    }
    if (jsonEqual(status, definition.status)) return
    const body = { status: { acceptedNames: status.acceptedNames, conditions: status.conditions } }
    await this.#client.patch(CustomResourceDefinition, { name }, { type: "merge", body }, { subresource: "status" })
  }

  /** Deletes every object of a definition that is being deleted, then lets it go. */
  async #cleanUp(definition: Definition): Promise<void> {
    const { resources = [] } = this.#served.get(definition.metadata.name) ?? {}
    // In the version in which they are stored no webhook is needed to delete them.
    const resource = resources.find((each) => each.apiVersion === each.storageApiVersion) ?? resources[0]
    if (!resource) return this.#release(definition)
    const cache = this.#server.store.cache(resource)
    await cache.fresh()
    for (const { name, namespace } of cache.list()) {
      const named = { name, ...(resource.namespaced && { namespace }) }
      await this.#client.delete(resource, named).catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error
      })
    }
    await emptied(cache)
    if (cache.size === 0) await this.#release(definition)
  }

  async #release(definition: Definition): Promise<void> {
    const { name, finalizers = [] } = definition.metadata
    if (!finalizers.includes(cleanupFinalizer)) return
    const body = { metadata: { finalizers: finalizers.filter((finalizer) => finalizer !== cleanupFinalizer) } }
    await this.#client.patch(CustomResourceDefinition, { name }, { type: "merge", body })
  }

  #stopServing(definition: Definition): void {
    const { group, names } = definition.spec
    const { name } = definition.metadata
    for (const resource of this.#served.get(name)?.resources ?? []) this.#server.store.drop(resource)
    if (this.#served.delete(name)) this.#server.registry.remove(group, names.plural)
    this.#accepted.delete(name)
    this.#unaccepted.delete(name)
    this.#reconsider(name, group)
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
