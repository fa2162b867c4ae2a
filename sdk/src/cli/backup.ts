import { Command, Option } from "commander"
import { runBackupProgram } from "./backup-program.ts"
import type { Context } from "./context.ts"
import { withExamples } from "./target.ts"

const examples = `wick backup list --from file:///var/backups/wick
wick backup verify --from "s3://bucket/wick?endpoint=https://minio:9000" --passphrase-file ~/wick.passphrase`

export function command(context: Context): Command {
  const part = (name: string, summary: string): Command =>
    new Command(name)
      .description(summary)
      .addOption(placeOption())
      .option(
        "--credentials-file <file>",
        "credentials of a bucket (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
      )
      .configureOutput({ writeOut: context.out, writeErr: context.err })
      .exitOverride()
      .action((options: Record<string, string>) => runBackupProgram(context, name, options))
  const verify = part("verify", "read all of a backup: is each file whole, is none missing").option(
    "--passphrase-file <file>",
    "also check that the keys can be opened",
  )
  return withExamples(
    new Command("backup")
      .addCommand(withExamples(part("list", "list what a backup has, and what can be restored from it"), examples))
      .addCommand(withExamples(verify, examples)),
    examples,
  )
}

/** Where a backup is; that of `wick up`, if it is in the environment. */
export function placeOption(): Option {
  return new Option("--from <place>", "file:///directory or s3://bucket/prefix?endpoint=https://host:port&region=name")
    .env("WICK_BACKUP_TO")
    .makeOptionMandatory()
}
