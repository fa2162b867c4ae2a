import { Command } from "commander"
import { Service } from "../api/serving/service.ts"
import type { Context } from "./context.ts"
import { durationOption, namespaceOption, target, withExamples } from "./target.ts"
import { addWaitWindow } from "./wait-options.ts"
import { type Patience, waitUntilReady } from "./wait-ready.ts"

const waitTimeoutMs = 600_000

export function command(context: Context): Command {
  const wait = new Command("wait")
    .argument("<name>", "name of the function")
    .addOption(namespaceOption())
    .addOption(durationOption("--wait-timeout <duration>", "how long to wait", waitTimeoutMs))
    .option("-q, --quiet", "print only the URL")
    .action((name: string, options: Patience & { namespace?: string }) => run(context, name, options))
  return withExamples(addWaitWindow(wait), "wick wait hello\nwick wait hello --wait-timeout 10s --wait-window 2s")
}

async function run(context: Context, name: string, options: Patience & { namespace?: string }): Promise<void> {
  const at = await target(context, options)
  const service = await at.client.get(Service, { name, namespace: at.namespace })
  const { status } = await waitUntilReady(context, at.client, service, options)
  if (status?.url) context.out(`${status.url}\n`)
}
