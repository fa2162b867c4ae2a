import { Pod } from "@wick/sdk/api/core/pod"
import { usedOf } from "@wick/sdk/api/core/quota-usage"
import { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import { Service } from "@wick/sdk/api/core/service"
import type { AnyObject, Kind } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import {
  type Change,
  type Controller,
  createController,
  done,
  type Informer,
  keyOf,
  type Result,
  splitKey,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import type { Inventory } from "../inventory/inventory.ts"
import { countedKinds } from "./counted-kinds.ts"

/** From being charged to being stored a write takes less than this: after it, what is charged can be counted. */
const storedWithinMs = 20
/** A charge for a write that failed afterwards is given back when the quota is counted anew, this long after it. */
const auditMs = 30_000

/** Counts anew what quotas allow and what is used of it, when something ends and when a quota changes. */
export function startResourceQuotas(context: ControllerContext, inventory: Inventory): AsyncDisposable {
  return new ResourceQuotas(context, inventory)
}

class ResourceQuotas implements AsyncDisposable {
  readonly #context: ControllerContext
  readonly #inventory: Inventory
  readonly #quotas: Informer<typeof ResourceQuota>
  readonly #controller: Controller
  readonly #unfollow: () => void
  /** Quotas of which something is known to have ended or changed. */
  readonly #stale = new Set<string>()
  /** When a quota that was charged is counted anew. */
  readonly #audits = new Map<string, number>()
  /** What was written last: a change to that needs no count. */
  readonly #written = new Map<string, string>()

  constructor(context: ControllerContext, inventory: Inventory) {
    const { clock, informers, log, metrics } = context
    this.#context = context
    this.#inventory = inventory
    this.#quotas = informers(ResourceQuota)
    this.#controller = createController({
      name: "resourcequota-controller",
      clock,
      log,
      metrics,
      watches: [
        watchOf(this.#quotas, (change) => this.#quotaChanged(change)),
        watchOf(informers(Pod), ({ before, after }) =>
          after && hasEnded(after) && !hasEnded(before) ? this.#staleIn(after) : [],
        ),
        watchOf(informers(Service), ({ before, after }) =>
          before && after && typeOf(before) !== typeOf(after) ? this.#staleIn(after) : [],
        ),
      ],
      reconcile: (key, signal) => this.#reconcile(key, signal),
    })
    this.#unfollow = inventory.onChange(({ before, after }) => {
      if (!before || after || before.namespace === "") return
      for (const key of this.#staleIn({ metadata: before })) this.#controller.wake(key)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unfollow()
    await this.#controller[Symbol.asyncDispose]()
  }

  #quotaChanged({ before, after }: Change<ResourceQuota>): string[] {
    if (!after) {
      const key = before && keyOf(before)
      if (key) for (const kept of [this.#stale, this.#audits, this.#written]) kept.delete(key)
      return []
    }
    const key = keyOf(after)
    if (JSON.stringify(after.spec?.hard ?? {}) !== JSON.stringify(after.status?.hard)) this.#stale.add(key)
    else if (JSON.stringify(after.status?.used) === this.#written.get(key)) return []
    return [key]
  }

  #staleIn({ metadata }: { metadata: { namespace?: string | undefined } }): string[] {
    const keys = this.#quotas.list(metadata.namespace).map(keyOf)
    for (const key of keys) this.#stale.add(key)
    return keys
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const { name, namespace = "" } = splitKey(key)
    const now = this.#context.clock.now()
    const due = this.#audits.get(key) ?? now + auditMs
    if (!this.#stale.delete(key) && due > now) {
      this.#audits.set(key, due)
      return wakeAfter(due - now)
    }
    this.#audits.delete(key)
    try {
      await this.#recount(name, namespace, signal)
    } catch (error) {
      // Charged meanwhile, or a passing failure: counted again from what is there then.
      this.#stale.add(key)
      throw error
    }
    return done
  }

  /** The quota is read first and written only if nobody has charged it since: a charge is never lost. */
  async #recount(name: string, namespace: string, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#context
    const quota = await this.#present(name, namespace, signal)
    if (!quota) return
    const hard = quota.spec?.hard ?? {}
    await clock.sleep(storedWithinMs, signal)
    const kinds = countedKinds(Object.keys(hard), this.#inventory.kinds())
    const lists = await Promise.all(kinds.map((kind) => this.#objectsOf(kind, namespace, signal)))
    const used = usedOf(quota, lists.flat())
    const text = JSON.stringify(used)
    this.#written.set(`${namespace}/${name}`, text)
    if (text === JSON.stringify(quota.status?.used) && JSON.stringify(hard) === JSON.stringify(quota.status?.hard))
      return
    await client.updateStatus(ResourceQuota, { ...quota, status: { hard, used } }, { signal })
  }

  async #present(name: string, namespace: string, signal: AbortSignal): Promise<ResourceQuota | undefined> {
    try {
      return await this.#context.client.get(ResourceQuota, { name, namespace }, { signal })
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
      return undefined
    }
  }

  async #objectsOf(
    kind: Kind,
    namespace: string,
    signal: AbortSignal,
  ): Promise<{ resource: Kind; object: AnyObject }[]> {
    const { items } = await this.#context.client.list(kind, { namespace, signal })
    return items.map((object) => ({ resource: kind, object: object as unknown as AnyObject }))
  }
}

function hasEnded(pod: Pod | undefined): boolean {
  return pod?.status?.phase === "Succeeded" || pod?.status?.phase === "Failed"
}

function typeOf({ spec }: Service): string {
  return JSON.stringify([spec?.type, spec?.ports?.length])
}
