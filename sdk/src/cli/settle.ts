import type { Service } from "../api/serving/service.ts"
import type { Context } from "./context.ts"
import { isData, type OutputFormat, printData } from "./output.ts"
import type { DryRun, Saved } from "./save.ts"
import type { Target } from "./target.ts"
import type { WaitOptions } from "./wait-options.ts"
import { readinessOf, waitUntilReady } from "./wait-ready.ts"

export interface SettleOptions extends WaitOptions {
  output?: OutputFormat
  dryRun?: DryRun
  quiet?: boolean
}

/** What follows a write of a service: it is waited for, and what came of it is printed. */
export async function settle(
  context: Context,
  at: Target,
  { service, change }: Saved,
  options: SettleOptions,
): Promise<void> {
  const { output, quiet = false } = options
  if (options.dryRun) return printData(context, isData(output) ? output : "yaml", service)
  const { name } = service.metadata
  if (!quiet) context.err(`service/${name} ${change}\n`)
  const stored = service as Service
  const settled = change === "unchanged" && readinessOf(stored).kind === "ready"
  const after =
    options.wait === false || settled ? stored : await waitUntilReady(context, at.client, stored, { ...options, quiet })
  if (isData(output)) return printData(context, output, after)
  if (output === "name") return context.out(`service.serving.knative.dev/${name}\n`)
  if (after.status?.url) context.out(`${after.status.url}\n`)
}
