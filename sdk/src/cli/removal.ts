import type { Kind } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import type { Target } from "./target.ts"
import type { WaitOptions } from "./wait-options.ts"

export interface RemovalOptions extends WaitOptions {
  /** What is not there is no failure. */
  ignoreNotFound?: boolean
}

/** Deletes an object, and waits until everything that it owned is gone too. */
export async function removeObject(
  context: Context,
  at: Target,
  kind: Kind,
  name: string,
  options: RemovalOptions,
): Promise<void> {
  const waits = options.wait !== false
  try {
    const propagationPolicy = waits ? "Foreground" : "Background"
    await at.client.delete(kind, { name, namespace: at.namespace }, { propagationPolicy })
    if (waits) await gone(context, at, kind, name, options.waitTimeout)
  } catch (error) {
    if (options.ignoreNotFound && isStatus(error, "NotFound")) return
    throw error
  }
  context.out(`${kind.kind.toLowerCase()}/${name} deleted\n`)
}

/** Waits for the removal itself: with foreground deletion, everything that the object owned is gone by then. */
async function gone(context: Context, at: Target, kind: Kind, name: string, timeoutMs: number): Promise<void> {
  const ended = new AbortController()
  const timer = context.clock.timer(timeoutMs, () => ended.abort())
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  const options = { namespace: at.namespace, fieldSelector: `metadata.name=${name}`, signal }
  try {
    const { items, metadata } = await at.client.listMetadata(kind, options)
    if (items.length === 0) return
    const resourceVersion = metadata.resourceVersion ?? ""
    for await (const event of at.client.watchMetadata(kind, { ...options, resourceVersion })) {
      if (event.type === "DELETED") return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    ended.abort()
  }
  const noun = kind.kind.toLowerCase()
  throw new CommandError(
    `${noun}/${name} is still being deleted`,
    `kubectl get ${kind.plural}.${kind.group} ${name} -n ${at.namespace} -o yaml`,
    exitCodes.notReady,
  )
}
