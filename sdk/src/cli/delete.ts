import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { type RemovalOptions, removeObject } from "./removal.ts"
import { namespaceOption, type Target, target, withExamples } from "./target.ts"
import { addWaitOptions } from "./wait-options.ts"

interface DeleteOptions extends RemovalOptions {
  namespace?: string
  all?: boolean
  yes?: boolean
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
  await Promise.all(chosen.map((name) => removeObject(context, at, Service, name, options)))
}

async function everyName(at: Target): Promise<string[]> {
  const { items } = await at.client.list(Service, { namespace: at.namespace })
  return items.map(({ metadata }) => metadata.name)
}
