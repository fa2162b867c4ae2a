import { Command } from "commander"
import { Route } from "../api/serving/route.ts"
import type { Context } from "./context.ts"
import { conditionTable, fieldLines, section } from "./describe-parts.ts"
import { ageOf, readyCondition } from "./function-table.ts"
import { type OutputFormat, outputOption, printObject, printObjects } from "./output.ts"
import { subcommand } from "./subcommand.ts"
import { formatTable, type TableColumn } from "./table.ts"
import { allNamespacesOption, namespaceOption, type TargetOptions, target, withExamples } from "./target.ts"

interface ReadOptions extends TargetOptions {
  output?: OutputFormat
}

export function command(context: Context): Command {
  const route = new Command("route")
  const part = (name: string, summary: string, example: string): Command =>
    subcommand(route, context, name, summary, example).addOption(namespaceOption()).addOption(outputOption("url"))
  part("list", "list routes", "wick route list -A")
    .argument("[name]", "only the route of this name")
    .addOption(allNamespacesOption())
    .action((name: string | undefined, options: ReadOptions) => list(context, name, options))
  part("describe", "show where the requests of a route go", "wick route describe hello")
    .argument("<name>", "name of the route: a function's own has the function's name")
    .action((name: string, options: ReadOptions) => describe(context, name, options))
  return withExamples(route, "wick route list\nwick route describe hello -o url")
}

async function list(context: Context, name: string | undefined, options: ReadOptions): Promise<void> {
  const at = await target(context, options)
  const everywhere = at.scope === undefined
  const { items } = await at.client.list(Route, {
    ...(at.scope !== undefined && { namespace: at.scope }),
    ...(name && { fieldSelector: `metadata.name=${name}` }),
  })
  if (items.length === 0 && !options.output) return context.err("no routes\n")
  const now = context.clock.now()
  const namespace: TableColumn<Route> = { header: "NAMESPACE", value: ({ metadata }) => metadata.namespace }
  await printObjects(context, options.output, items, [
    { header: "NAME", value: ({ metadata }) => metadata.name },
    ...(everywhere ? [namespace] : []),
    { header: "URL", value: ({ status }) => status?.url },
    { header: "READY", value: (each) => readyCondition(each)?.status ?? "Unknown" },
    { header: "REASON", value: (each) => readyCondition(each)?.reason },
    { header: "AGE", value: (each) => ageOf(each, now) },
  ])
}

async function describe(context: Context, name: string, options: ReadOptions): Promise<void> {
  const at = await target(context, options)
  const route = await at.client.get(Route, { name, namespace: at.namespace })
  await printObject(context, options.output, route, () => {
    const now = context.clock.now()
    const owner = route.metadata.ownerReferences?.find(({ controller }) => controller)
    const head = fieldLines([
      ["Name", name],
      ["Namespace", route.metadata.namespace],
      ["Age", ageOf(route, now)],
      ["URL", route.status?.url],
      ["Inside", route.status?.address?.url],
      ["Function", owner?.name],
      ["Ready", readyCondition(route)?.status ?? "Unknown"],
      ["Message", readyCondition(route)?.message],
    ])
    context.out(head + section("Traffic", trafficTable(route)) + section("Conditions", conditionTable(route, now)))
  })
}

function trafficTable({ status }: Route): string {
  return formatTable(
    [
      { header: "PERCENT", value: ({ percent }) => `${percent ?? 0}%` },
      { header: "REVISION", value: ({ revisionName }) => revisionName },
      { header: "LATEST", value: ({ latestRevision }) => (latestRevision ? "yes" : "no") },
      { header: "TAG", value: ({ tag }) => tag },
      { header: "URL", value: ({ url }) => url ?? status?.url },
    ],
    status?.traffic ?? [],
  )
}
