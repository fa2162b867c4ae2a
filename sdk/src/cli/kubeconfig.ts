import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Command } from "commander"
import { CommandError, type Context, exitCodes } from "./context.ts"
import { homeDirectory } from "./home.ts"
import { withExamples } from "./target.ts"

export function command(context: Context): Command {
  const kubeconfig = new Command("kubeconfig")
    .option("--raw", "print the file itself instead of its path")
    .action((options: { raw?: boolean }) => run(context, options.raw === true))
  return withExamples(
    kubeconfig,
    'export KUBECONFIG="$(wick kubeconfig)"\nkubectl get ksvc\nwick kubeconfig --raw > config.yaml',
  )
}

function run(context: Context, raw: boolean): void {
  const path = join(homeDirectory(context.env), "kubeconfig")
  if (!existsSync(path)) throw new CommandError(`there is no ${path}`, "wick up", exitCodes.notFound)
  context.out(raw ? readFileSync(path, "utf8") : `${path}\n`)
}
