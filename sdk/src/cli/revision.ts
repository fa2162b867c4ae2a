import { Command } from "commander"
import { Configuration } from "../api/serving/configuration.ts"
import { Revision } from "../api/serving/revision.ts"
import { Route } from "../api/serving/route.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { conditionTable, fieldLines, section } from "./describe-parts.ts"
import { ageOf, readyCondition, trafficOf } from "./function-table.ts"
import { type OutputFormat, outputOption, printObject } from "./output.ts"
import { type RemovalOptions, removeObject } from "./removal.ts"
import { revisionFacts } from "./revision/facts.ts"
import { unreferenced } from "./revision/unreferenced.ts"
import { listRevisions, type RevisionsOptions } from "./revisions.ts"
import { findService } from "./save.ts"
import { subcommand } from "./subcommand.ts"
import { allNamespacesOption, namespaceOption, type TargetOptions, target, withExamples } from "./target.ts"
import { addWaitOptions } from "./wait-options.ts"

interface DeleteOptions extends RemovalOptions {
  namespace?: string
  prune?: string
  pruneAll?: boolean
}

const waitTimeoutMs = 60_000

const examples = `
wick revision list --service hello
wick revision describe hello-00002
wick revision delete hello-00001
wick revision delete --prune hello`

export function command(context: Context): Command {
  const revision = new Command("revision")
  const part = (name: string, summary: string, example: string): Command =>
    subcommand(revision, context, name, summary, example).addOption(namespaceOption())
  part("list", "list revisions", "wick revision list --service hello")
    .argument("[name]", "only the revision of this name")
    .option("-s, --service <name>", "only revisions of this function")
    .addOption(allNamespacesOption())
    .addOption(outputOption())
    .action((name: string | undefined, options: RevisionsOptions & { service?: string }) =>
      listRevisions(context, options.service, options, name),
    )
  part("describe", "show everything about a revision", "wick revision describe hello-00002")
    .argument("<name>", "name of the revision")
    .addOption(outputOption())
    .action((name: string, options: TargetOptions & { output?: OutputFormat }) => describe(context, name, options))
  addWaitOptions(
    part("delete", "delete revisions", "wick revision delete --prune hello"),
    "they are gone",
    waitTimeoutMs,
  )
    .argument("[names...]", "names of revisions")
    .option(
      "--prune <function>",
      "all revisions of a function that get no requests, have no tag and are not the newest",
    )
    .option("--prune-all", "the same of every function of the namespace")
    .option("--ignore-not-found", "deleting what does not exist is no failure")
    .action((names: string[], options: DeleteOptions) => remove(context, names, options))
  return withExamples(revision, examples)
}

async function describe(
  context: Context,
  name: string,
  options: TargetOptions & { output?: OutputFormat },
): Promise<void> {
  const at = await target(context, options)
  const revision = await at.client.get(Revision, { name, namespace: at.namespace })
  await printObject(context, options.output, revision, async () => {
    const now = context.clock.now()
    const owner = revision.metadata.labels?.["serving.knative.dev/service"]
    const service = owner ? ((await findService(at, owner)) as Service | undefined) : undefined
    const { percent, tags } = trafficOf(service, name)
    const ready = readyCondition(revision)
    const head = fieldLines([
      ["Name", name],
      ["Namespace", revision.metadata.namespace],
      ["Age", ageOf(revision, now)],
      ["Function", owner],
      ["Generation", revision.metadata.labels?.["serving.knative.dev/configurationGeneration"]],
      ["Traffic", `${percent}%`],
      ["Tags", tags.join(", ")],
      ...revisionFacts(revision),
      ["Ready", `${ready?.status ?? "Unknown"}${ready?.reason ? ` (${ready.reason})` : ""}`],
      ["Message", ready?.message],
    ])
    context.out(head + section("Conditions", conditionTable(revision, now)))
  })
}

async function remove(context: Context, names: string[], options: DeleteOptions): Promise<void> {
  const prunes = options.prune !== undefined || options.pruneAll === true
  if (prunes === names.length > 0) {
    const message = prunes ? "names and --prune: only one of them can be given" : "which revision?"
    throw new CommandError(message, "wick revision delete NAME, or --prune FUNCTION", exitCodes.usage)
  }
  const at = await target(context, options)
  const { namespace } = at
  if (options.prune !== undefined) await at.client.get(Service, { name: options.prune, namespace })
  const chosen = prunes ? await pruned() : names
  if (chosen.length === 0) context.err("every revision is in use, or the newest: none was deleted\n")
  await Promise.all(chosen.map((name) => removeObject(context, at, Revision, name, options)))

  async function pruned(): Promise<string[]> {
    const [revisions, routes, configurations] = await Promise.all([
      at.client.list(Revision, { namespace }),
      at.client.list(Route, { namespace }),
      at.client.list(Configuration, { namespace }),
    ])
    const found = unreferenced(revisions.items, routes.items, configurations.items, options.prune)
    return found.map(({ metadata }) => metadata.name)
  }
}
