import { Command } from "commander"
import { Pod } from "../api/core/pod.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { collectLines } from "./log-lines.ts"
import { durationArgument, namespaceOption, type Target, target, wholeNumber, withExamples } from "./target.ts"

interface LogsOptions {
  namespace?: string
  follow?: boolean
  tail?: number
  since?: number
  timestamps?: boolean
  revision?: string
  container?: string
  previous?: boolean
}

const tailMax = 1_000_000

export function command(context: Context): Command {
  const logs = new Command("logs")
    .argument("<name>", "name of the function")
    .option("-f, --follow", "go on as more is printed, also by containers that start later")
    .option("--tail <n>", "only the last lines of each container", wholeNumber(0, tailMax))
    .option("--since <duration>", "only what is younger", durationArgument)
    .option("--timestamps", "start each line with its time")
    .option("--revision <name>", "only this revision")
    .option("-c, --container <name>", "only this container of each pod (default: the first)")
    .option("--previous", "what the container printed before it was last restarted")
    .addOption(namespaceOption())
    .action((name: string, options: LogsOptions) => run(context, name, options))
  return withExamples(
    logs,
    "wick logs hello\nwick logs hello -f --tail 20\nwick logs hello --revision hello-00002 --since 5m",
  )
}

async function run(context: Context, name: string, options: LogsOptions): Promise<void> {
  const at = await target(context, options)
  const labelSelector = options.revision
    ? `serving.knative.dev/revision=${options.revision}`
    : `serving.knative.dev/service=${name}`
  const { items, metadata } = await at.client.list(Pod, { namespace: at.namespace, labelSelector })
  if (items.length === 0 && !options.follow) {
    context.err(`no container of ${name} runs: it is scaled to zero, and starts with the next request\n`)
    return
  }
  const printing = items.map((pod) => print(context, at, pod, options, items.length > 1 || options.follow === true))
  if (options.follow) printing.push(followNew(context, at, labelSelector, metadata.resourceVersion ?? "", options))
  await Promise.all(printing)
}

/** Prints the logs of pods that appear later, until Ctrl-C. */
async function followNew(
  context: Context,
  at: Target,
  labelSelector: string,
  resourceVersion: string,
  options: LogsOptions,
): Promise<void> {
  const started = new Set<string>()
  const printing: Promise<void>[] = []
  const { namespace } = at
  try {
    const signal = context.interrupted
    for await (const event of at.client.watch(Pod, { namespace, labelSelector, resourceVersion, signal })) {
      if (event.type !== "ADDED" && event.type !== "MODIFIED") continue
      const { uid } = event.object.metadata
      const running = event.object.status?.containerStatuses?.some(({ state }) => state?.running) === true
      if (!running || started.has(uid)) continue
      if (
        event.type === "MODIFIED" &&
        Date.parse(event.object.metadata.creationTimestamp) < context.clock.now() - 60_000
      )
        continue
      started.add(uid)
      printing.push(print(context, at, event.object, options, true))
    }
  } catch (error) {
    if (!context.interrupted.aborted) throw error
  }
  await Promise.all(printing)
}

async function print(context: Context, at: Target, pod: Pod, options: LogsOptions, named: boolean): Promise<void> {
  const query = new URLSearchParams()
  const container = options.container ?? pod.spec.containers[0]?.name
  if (container) query.set("container", container)
  if (options.follow) query.set("follow", "true")
  if (options.tail !== undefined) query.set("tailLines", String(options.tail))
  if (options.since !== undefined) query.set("sinceSeconds", String(Math.ceil(options.since / 1000)))
  if (options.timestamps) query.set("timestamps", "true")
  if (options.previous) query.set("previous", "true")
  const path = `/api/v1/namespaces/${at.namespace}/pods/${pod.metadata.name}/log?${query}`
  const prefix = named ? `[${pod.metadata.name}] ` : ""
  try {
    const response = await at.client.request(path, { signal: context.interrupted })
    for await (const line of collectLines(response.body)) context.out(`${prefix}${line}\n`)
  } catch (error) {
    if (context.interrupted.aborted) return
    if (options.follow && isStatus(error, "NotFound", "BadRequest")) return
    if (isStatus(error)) throw new CommandError(`${pod.metadata.name}: ${error.message}`, undefined, exitCodes.failed)
    throw error
  }
}
