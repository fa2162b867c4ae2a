import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import type { Context } from "./context.ts"
import { serviceColumns } from "./function-table.ts"
import { type OutputFormat, outputOption, printObjects } from "./output.ts"
import { allNamespacesOption, namespaceOption, type TargetOptions, target, withExamples } from "./target.ts"

interface ListOptions extends TargetOptions {
  output?: OutputFormat
  selector?: string
}

export function command(context: Context): Command {
  const list = new Command("list")
    .addOption(namespaceOption())
    .addOption(allNamespacesOption())
    .option("-l, --selector <labels>", "only functions with these labels")
    .addOption(outputOption("url"))
    .action((options: ListOptions) => run(context, options))
  return withExamples(list, "wick list\nwick list -A -o wide\nwick list -o json | jq '.items[].status.url'")
}

async function run(context: Context, options: ListOptions): Promise<void> {
  const at = await target(context, options)
  const { items } = await at.client.list(Service, {
    ...(at.scope !== undefined && { namespace: at.scope }),
    ...(options.selector && { labelSelector: options.selector }),
  })
  if (items.length === 0 && !options.output) {
    const where = at.scope === undefined ? "" : ` in namespace ${at.scope}`
    return context.err(`no functions${where}; deploy one: wick deploy NAME --image IMAGE\n`)
  }
  await printObjects(context, options.output, items, serviceColumns(context.clock.now(), at.scope === undefined))
}
