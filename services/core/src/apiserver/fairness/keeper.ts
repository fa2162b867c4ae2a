import { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import type { AnyObject } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { must } from "@wick/sdk/assert"
import { type Client, createClient, type Fetch } from "@wick/sdk/client"
import { ensureBootstrapObjects } from "../bootstrap/ensure.ts"
import { reconciled } from "../bootstrap/reconcile.ts"
import { parseObject } from "../object-bytes.ts"
import { type Server, timestamp } from "../request-context.ts"
import type { ServedResource } from "../served-resource.ts"
import type { WatchCache } from "../watch-cache.ts"
import { flowControlObjects } from "./bootstrap-objects.ts"
import { configurationOf, type FlowControlObjects, levelNameOf } from "./configuration.ts"
import type { Fairness } from "./index.ts"

type Condition = NonNullable<NonNullable<FlowSchema["status"]>["conditions"]>[number]

/**
 * Lets fairness be what the stored objects say, in the same turn in which their write is seen; says in each schema whether its
 * level exists; and gives back what the server brings and somebody has taken away. Reads the caches that serve the API.
 */
export class FlowControlKeeper {
  readonly #server: Server
  readonly #fairness: Fairness
  readonly #fetch: Fetch
  readonly #client: Client
  readonly #unsubscribe = new Map<string, () => void>()
  #isSettling = false
  #isChanged = false
  #isClosed = false

  constructor(server: Server, fairness: Fairness, fetch: Fetch) {
    this.#server = server
    this.#fairness = fairness
    this.#fetch = fetch
    this.#client = createClient({ fetch })
  }

  async start(): Promise<void> {
    const kinds = [PriorityLevelConfiguration, FlowSchema]
    await Promise.all(kinds.map((kind) => this.#cache(kind).fresh()))
    for (const kind of kinds) this.#follow(kind)
    this.#changed()
  }

  close(): void {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe.values()) unsubscribe()
  }

  #follow(kind: typeof FlowSchema | typeof PriorityLevelConfiguration): void {
    const cache = this.#cache(kind)
    const onLost = (): void => {
      if (this.#isClosed) return
      void cache.fresh().then(
        () => {
          this.#follow(kind)
          this.#changed()
        },
        (error: unknown) => this.#server.log.error("flow control is followed no more", { error }),
      )
    }
    const onEvent: Parameters<WatchCache["subscribe"]>[1]["onEvent"] = ({ before, after }) => {
      this.#changed()
      if (before && !after) this.#restore(parseObject(before.bytes))
    }
    this.#unsubscribe.set(kind.plural, cache.subscribe(cache.revision, { onEvent, onLost }))
  }

  #cache({ group, version, plural }: { group: string; version: string; plural: string }): WatchCache {
    const resource = must<ServedResource>(this.#server.registry.find(group, version, plural), "flow control is served")
    return this.#server.store.cache(resource)
  }

  #stored(): FlowControlObjects {
    const all = (kind: typeof FlowSchema | typeof PriorityLevelConfiguration): unknown[] =>
      this.#cache(kind)
        .list()
        .map(({ bytes }) => parseObject(bytes))
    return {
      levels: all(PriorityLevelConfiguration) as PriorityLevelConfiguration[],
      schemas: all(FlowSchema) as FlowSchema[],
    }
  }

  #changed(): void {
    this.#fairness.configure(configurationOf(this.#stored()))
    this.#isChanged = true
    if (!this.#isSettling) void this.#settle()
  }

  /** One round at a time, and another when something has changed meanwhile: its own writes end it. */
  async #settle(): Promise<void> {
    this.#isSettling = true
    while (this.#isChanged && !this.#isClosed) {
      this.#isChanged = false
      await this.#tryTo(() => this.#tell())
    }
    this.#isSettling = false
  }

  async #tell(): Promise<void> {
    const { levels, schemas } = this.#stored()
    const names = new Set(levels.map(({ metadata }) => metadata.name))
    for (const schema of schemas) {
      const condition = dangling(schema, names.has(levelNameOf(schema)), timestamp(this.#server))
      if (!condition) continue
      const others = schema.status?.conditions?.filter(({ type }) => type !== condition.type) ?? []
      const body = { status: { conditions: [...others, condition] } }
      const { name } = schema.metadata
      await this.#client.patch(FlowSchema, { name }, { type: "merge", body }, { subresource: "status" })
    }
    for (const object of [...levels, ...schemas] as unknown as AnyObject[]) {
      const wanted = wantedFor(object)
      if (wanted && reconciled(object, wanted)) await ensureBootstrapObjects(this.#fetch, [wanted])
    }
  }

  #restore(gone: AnyObject): void {
    const wanted = wantedFor(gone)
    if (wanted) void this.#tryTo(() => ensureBootstrapObjects(this.#fetch, [wanted]))
  }

  /** What was lost to another write is decided again by the event of that write. */
  async #tryTo(step: () => Promise<void>): Promise<void> {
    try {
      await step()
    } catch (error) {
      if (this.#isClosed || isStatus(error, "Conflict", "NotFound", "AlreadyExists")) return
      this.#server.log.error("flow control not settled", { error })
    }
  }
}

/** Pure: the object as the server brings it, if it does. */
function wantedFor({ kind, metadata }: AnyObject): AnyObject | undefined {
  return flowControlObjects().find((each) => each.kind === kind && each.metadata.name === metadata.name)
}

/** Pure: what a schema should say of its level; undefined when it says so already. */
function dangling({ spec, status }: FlowSchema, isThere: boolean, now: string): Condition | undefined {
  const found = status?.conditions?.find(({ type }) => type === "Dangling")
  const wanted = isThere ? "False" : "True"
  const level = JSON.stringify(spec?.priorityLevelConfiguration.name ?? "")
  const message = isThere
    ? `This FlowSchema references the PriorityLevelConfiguration object named ${level} and it exists`
    : `This FlowSchema references the PriorityLevelConfiguration object named ${level} but there is no such object`
  if (found?.status === wanted && found.message === message) return undefined
  const lastTransitionTime = found?.status === wanted ? (found.lastTransitionTime ?? now) : now
  return { type: "Dangling", status: wanted, reason: isThere ? "Found" : "NotFound", message, lastTransitionTime }
}
