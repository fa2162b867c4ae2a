import { readFileSync } from "node:fs"
import { Command } from "commander"
import type { Context } from "./context.ts"
import { isData, type OutputFormat, outputOption, printData } from "./output.ts"
import { withExamples } from "./target.ts"

export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
  return (manifest as { version: string }).version
}

export function command(context: Context): Command {
  const version = new Command("version")
    .option("--client", "only the version of this command")
    .addOption(outputOption())
    .action((options: { client?: boolean; output?: OutputFormat }) => run(context, options))
  return withExamples(version, "wick version\nwick version --client -o json")
}

async function run(context: Context, options: { client?: boolean; output?: OutputFormat }): Promise<void> {
  const versions = {
    client: ownVersion(),
    node: process.version,
    ...(!options.client && (await serverVersion(context))),
  }
  if (isData(options.output)) return printData(context, options.output, versions)
  if (options.output === "name") return context.out(`wick/${versions.client}\n`)
  const told = options.output === "wide" ? { ...versions, host: `${process.platform}-${process.arch}` } : versions
  for (const [part, version] of Object.entries(told)) context.out(`${part.padEnd(8)}${version}\n`)
}

async function serverVersion(context: Context): Promise<{ server: string }> {
  try {
    const { client } = await context.connect()
    const response = await client.request("/version")
    return { server: ((await response.json()) as { gitVersion: string }).gitVersion }
  } catch {
    return { server: "not reachable" }
  }
}
