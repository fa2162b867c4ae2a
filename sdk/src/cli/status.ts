import { Command } from "commander"
import { Node } from "../api/core/node.ts"
import { Service } from "../api/serving/service.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { formatAge } from "./duration.ts"
import { readyCondition } from "./function-table.ts"
import { homeDirectory, type Running, running } from "./home.ts"
import { isData, type OutputFormat, outputOption, printData } from "./output.ts"
import { withExamples } from "./target.ts"

export function command(context: Context): Command {
  const status = new Command("status")
    .addOption(outputOption())
    .action((options: { output?: OutputFormat }) => run(context, options))
  return withExamples(status, "wick status\nwick status -o json | jq -r .gateway\nwick status -o name")
}

async function run(context: Context, options: { output?: OutputFormat }): Promise<void> {
  const home = homeDirectory(context.env)
  const state = running(home)
  if (!state) throw new CommandError(`no Wick runs from ${home}`, "wick up", exitCodes.failed)
  const health = await healthOf(context)
  const { nodeNames, ...counts } = health
  if (isData(options.output)) return printData(context, options.output, { ...state, ...counts })
  if (options.output === "name") return context.out(nodeNames.map((name) => `node/${name}\n`).join(""))
  const told = lines(context, state, health)
  if (options.output === "wide") told.push(["Home", home], ["Node names", nodeNames.join(", ")])
  for (const [label, value] of told) context.out(`${`${label}:`.padEnd(13)}${value}\n`)
}

interface Health {
  nodes: string
  functions: string
  nodeNames: string[]
}

async function healthOf(context: Context): Promise<Health> {
  const { client } = await context.connect()
  const [nodes, services] = await Promise.all([client.list(Node), client.list(Service)])
  const nodesReady = nodes.items.filter((node) => readyCondition(node)?.status === "True").length
  const ready = services.items.filter((service) => readyCondition(service)?.status === "True").length
  return {
    nodes: `${nodesReady} of ${nodes.items.length} ready`,
    functions: `${ready} of ${services.items.length} ready`,
    nodeNames: nodes.items.map(({ metadata }) => metadata.name),
  }
}

function lines(context: Context, state: Running, health: Health): [string, string][] {
  return [
    [
      "Wick",
      `${state.version}, process ${state.pid}, up ${formatAge(context.clock.now() - Date.parse(state.startedAt))}`,
    ],
    ["API", state.api],
    ["Gateway", `${state.gateway} (functions at http://NAME.NAMESPACE.${state.domain})`],
    ["Registry", state.registry],
    ["Metrics", state.metrics],
    ["Kubeconfig", state.kubeconfig],
    ["Nodes", health.nodes],
    ["Functions", health.functions],
  ]
}
