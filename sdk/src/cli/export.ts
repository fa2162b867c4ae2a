import { Command, Option } from "commander"
import { Revision } from "../api/serving/revision.ts"
import { Service } from "../api/serving/service.ts"
import type { Context } from "./context.ts"
import { exportedService, exportForImport, exportForReplay } from "./export/exported.ts"
import { type DataFormat, isData, type OutputFormat, outputOption, printData } from "./output.ts"
import { namespaceOption, target, withExamples } from "./target.ts"

interface ExportOptions {
  namespace?: string
  output?: OutputFormat
  withRevisions?: boolean
  mode: "replay" | "export"
}

export function command(context: Context): Command {
  const verb = new Command("export")
    .argument("<name>", "name of the function")
    .addOption(namespaceOption())
    .addOption(outputOption())
    .option("--with-revisions", "with the revisions that traffic and tags name")
    .addOption(
      new Option("--mode <mode>", "with revisions: for wick import (export), or a list to apply in order (replay)")
        .choices(["export", "replay"])
        .default("export"),
    )
    .action((name: string, options: ExportOptions) => run(context, name, options))
  return withExamples(
    verb,
    "wick export hello > hello.yaml && wick apply -f hello.yaml -n other\nwick export hello --with-revisions -o json > hello.json\nwick export hello --with-revisions --mode replay",
  )
}

async function run(context: Context, name: string, options: ExportOptions): Promise<void> {
  const at = await target(context, options)
  const format: DataFormat = isData(options.output) ? options.output : "yaml"
  const service = await at.client.get(Service, { name, namespace: at.namespace })
  if (!options.withRevisions) return printData(context, format, exportedService(service))
  const labelSelector = `serving.knative.dev/service=${name}`
  const { items } = await at.client.list(Revision, { namespace: at.namespace, labelSelector })
  if (options.mode === "export") return printData(context, format, exportForImport(service, items))
  await printData(context, format, {
    apiVersion: "v1",
    kind: "List",
    metadata: {},
    items: exportForReplay(service, items),
  })
}
