import { Command } from "commander"
import { isStatus } from "../api/meta/status-error.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions, type WaitOptions } from "./wait-options.ts"

interface DeleteOptions extends WaitOptions {
  namespace?: string
  all?: boolean
  yes?: boolean
  ignoreNotFound?: boolean
}

const waitTimeoutMs = 60_000

export function command(context: Context): Command {
  const remove = new Command("delete")
    .argument("[names...]", "functions to delete, with their revisions and containers")
    .addOption(namespaceOption())
    .option("--all", "delete every function of the namespace (needs --yes)")
    .option("--yes", "confirm --all")
    .option("--ignore-not-found", "deleting what does not exist is no failure")
    .action((names: string[], options: DeleteOptions) => run(context, names, options))
  return withExamples(
    addWaitOptions(remove, "everything of it is gone", waitTimeoutMs),
    "wick delete hello\nwick delete --all --yes -n demo",
  )
}

async function run(context: Context, names: string[], options: DeleteOptions): Promise<void> {
  const at = await target(context, options)
  if (options.all && !options.yes) {
    throw new CommandError(`--all deletes every function in ${at.namespace}`, "add --yes", exitCodes.usage)
  }
  const chosen = options.all ? await everyName(at) : names
  if (chosen.length === 0 && !options.all) {
    throw new CommandError("which function?", "wick delete NAME", exitCodes.usage)
  }
  await Promise.all(chosen.map((name) => remove(context, at, name, options)))
}

async function everyName(at: Target): Promise<string[]> {
  const { items } = await at.client.list(Service, { namespace: at.namespace })
  return items.map(({ metadata }) => metadata.name)
}

async function remove(context: Context, at: Target, name: string, options: DeleteOptions): Promise<void> {
  const reference = { name, namespace: at.namespace }
  try {
    await at.client.delete(Service, reference, {
      propagationPolicy: options.wait !== false ? "Foreground" : "Background",
    })
    if (options.wait !== false) await gone(context, at, name, options.waitTimeout)
  } catch (error) {
    if (options.ignoreNotFound && isStatus(error, "NotFound")) return
    throw error
  }
  context.out(`service/${name} deleted\n`)
}

/** Waits for the removal itself: with foreground deletion, everything that the function owned is gone by then. */
async function gone(context: Context, at: Target, name: string, timeoutMs: number): Promise<void> {
  const ended = new AbortController()
  const timer = context.clock.timer(timeoutMs, () => ended.abort())
  const signal = AbortSignal.any([ended.signal, context.interrupted])
  const options = { namespace: at.namespace, fieldSelector: `metadata.name=${name}`, signal }
  try {
    const { items, metadata } = await at.client.list(Service, options)
    if (items.length === 0) return
    const resourceVersion = metadata.resourceVersion ?? ""
    for await (const event of at.client.watch(Service, { ...options, resourceVersion })) {
      if (event.type === "DELETED") return
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    timer.cancel()
    ended.abort()
  }
  throw new CommandError(`service/${name} is still being deleted`, `wick describe ${name}`, exitCodes.notReady)
}
