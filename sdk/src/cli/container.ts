import { Command } from "commander"
import type { RevisionContainer } from "../api/serving/revision-spec.ts"
import { systemRandom } from "../clock/index.ts"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { parseContainers } from "./flags/containers-file.ts"
import { changedService } from "./flags/draft.ts"
import { addFlags, type FlagValues, readFiles, readFlags } from "./flags/table.ts"
import { readText } from "./manifest.ts"
import { printData } from "./output.ts"
import { subcommand } from "./subcommand.ts"
import { withExamples } from "./target.ts"

const examples = `
wick container add log --image 127.0.0.1:5000/log | wick deploy hello --containers -
wick container add a --image a | wick container add b --image b --containers - > sidecars.yaml`

export function command(context: Context): Command {
  const container = new Command("container")
  const add = subcommand(container, context, "add", "print a further container for wick deploy --containers", examples)
  addFlags(add, (flag) => flag.container === true)
    .argument("<name>", "name of the container")
    .action((name: string, options: FlagValues) => run(context, name, options))
  return withExamples(container, examples)
}

async function run(context: Context, name: string, options: FlagValues): Promise<void> {
  const { containers, ...ownOptions } = options
  const files = await readFiles(options, readText)
  const changes = readFlags(ownOptions, files)
  const { spec } = changedService({ name, namespace: "" }, undefined, changes, { random: systemRandom })
  const [own] = (spec?.template?.spec?.containers ?? []) as RevisionContainer[]
  if (!own?.image) {
    throw new CommandError(
      `which image should ${name} run?`,
      `wick container add ${name} --image IMAGE`,
      exitCodes.usage,
    )
  }
  const others = containers === undefined ? [] : parseContainers(files.get(String(containers)) ?? "")
  const kept = others.filter((each) => each.name !== name)
  await printData(context, "yaml", { containers: [...kept, { ...own, name }] })
}
