import { Command } from "commander"
import { Pod } from "../api/core/pod.ts"
import { isStatus } from "../api/meta/status-error.ts"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import { podLogLines } from "../client/pod-log.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { type ContainerRun, LogFollower } from "./log-follower.ts"
import { durationOption, namespaceOption, type Target, target, wholeNumber, withExamples } from "./target.ts"
import { betweenWatchesMs } from "./watch-on.ts"

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

/** Where logs come from: the pods that a selector finds. */
interface Source {
  readonly at: Target
  readonly labelSelector: string
}

const tailMax = 1_000_000

export function command(context: Context): Command {
  const logs = new Command("logs")
    .argument("<name>", "name of the function")
    .option("-f, --follow", "go on as more is printed, also by containers that start later")
    .option("--tail <n>", "only the last lines of each container", wholeNumber(0, tailMax))
    .addOption(durationOption("--since <duration>", "only what is younger"))
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
  // Asked for by name first: a typing error is an error, and not a function without containers.
  if (options.revision) await at.client.get(Revision, { name: options.revision, namespace: at.namespace })
  else await at.client.get(Service, { name, namespace: at.namespace })
  const source: Source = {
    at,
    labelSelector: options.revision
      ? `serving.knative.dev/revision=${options.revision}`
      : `serving.knative.dev/service=${name}`,
  }
  return options.follow ? follow(context, source, options) : printAll(context, source, name, options)
}

async function printAll(context: Context, source: Source, name: string, options: LogsOptions): Promise<void> {
  const { at, labelSelector } = source
  const { items } = await at.client.list(Pod, { namespace: at.namespace, labelSelector })
  if (items.length === 0) {
    return context.err(`no container of ${name} runs: it is scaled to zero, and starts with the next request\n`)
  }
  for (const pod of items) {
    const container = options.container ?? pod.spec.containers[0]?.name ?? ""
    const prefix = items.length > 1 ? `[${pod.metadata.name}] ` : ""
    await print(context, at, { pod: pod.metadata.name, container }, options, prefix)
  }
}

/** Prints what runs and all that starts later, until Ctrl-C. `--tail` and `--since` are about what ran already. */
async function follow(context: Context, { at, labelSelector }: Source, options: LogsOptions): Promise<void> {
  const follower = new LogFollower(options.container)
  const { items, metadata } = await at.client.list(Pod, { namespace: at.namespace, labelSelector })
  const { tail: _, since: __, previous: ___, ...later } = options
  const failed = new AbortController()
  const signal = AbortSignal.any([context.interrupted, failed.signal])
  const begin = (pod: Pod, how: LogsOptions): void => {
    const run = follower.next(pod)
    if (run) void followRun(context, at, follower, run, how, signal).catch((error: unknown) => failed.abort(error))
  }
  for (const pod of items) begin(pod, options)
  let resourceVersion = metadata.resourceVersion ?? ""
  while (!signal.aborted) {
    const watched = { namespace: at.namespace, labelSelector, resourceVersion, signal }
    try {
      for await (const event of at.client.watch(Pod, watched)) {
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion
        if (event.type === "ADDED" || event.type === "MODIFIED") begin(event.object, later)
      }
    } catch (error) {
      if (signal.aborted) break
      // The server has forgotten that version: from now on, then; runs that were named are not named again.
      if (!isStatus(error, "Expired", "Gone")) throw error
      resourceVersion = ""
    }
    await context.clock.sleep(betweenWatchesMs, signal).catch(() => {})
  }
  if (failed.signal.aborted) throw failed.signal.reason
}

async function followRun(
  context: Context,
  at: Target,
  follower: LogFollower,
  run: ContainerRun,
  options: LogsOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await print({ ...context, interrupted: signal }, at, run, options, `[${run.pod}] `)
  } catch (error) {
    if (!(error instanceof CommandError && isStatus(error.cause, "NotFound", "BadRequest"))) throw error
    follower.retry(run)
  }
}

async function print(
  context: Context,
  at: Target,
  { pod, container }: Pick<ContainerRun, "pod" | "container">,
  options: LogsOptions,
  prefix: string,
): Promise<void> {
  const { follow, tail, since, timestamps, previous } = options
  const lines = podLogLines(
    at.client,
    { name: pod, namespace: at.namespace },
    {
      container,
      signal: context.interrupted,
      ...(follow && { follow }),
      ...(tail !== undefined && { tailLines: tail }),
      ...(since !== undefined && { sinceSeconds: Math.ceil(since / 1000) }),
      ...(timestamps && { timestamps }),
      ...(previous && { previous }),
    },
  )
  try {
    for await (const line of lines) context.out(`${prefix}${line}\n`)
  } catch (error) {
    if (!isStatus(error)) throw error
    const failure = new CommandError(`${pod}: ${error.message}`, undefined, exitCodes.failed)
    failure.cause = error
    throw failure
  }
}
