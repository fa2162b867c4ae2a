import type { Kind } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import type { Target } from "./target.ts"
import type { WaitOptions } from "./wait-options.ts"
import { betweenWatchesMs } from "./watch-on.ts"

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

/** Follows the object to its end, or that of the watch: servers, and what is between, end watches when they like. */
async function seenGone(
  { client, namespace }: Target,
  kind: Kind,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const options = { namespace, fieldSelector: `metadata.name=${name}`, signal }
  const { items, metadata } = await client.listMetadata(kind, options)
  if (items.length === 0) return true
  const resourceVersion = metadata.resourceVersion ?? ""
  try {
    for await (const event of client.watchMetadata(kind, { ...options, resourceVersion })) {
      if (event.type === "DELETED") return true
    }
  } catch {
    // Whatever has ended it: the next list says whether there is somebody to be asked.
  }
  return false
}

/** Waits for the removal itself: with foreground deletion, everything that the object owned is gone by then. */
async function gone(context: Context, at: Target, kind: Kind, name: string, timeoutMs: number): Promise<void> {
  const ended = new AbortController()
  const timer = context.clock.timer(timeoutMs, () => ended.abort())
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  try {
    while (!(await seenGone(at, kind, name, signal))) await context.clock.sleep(betweenWatchesMs, signal)
    return
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
