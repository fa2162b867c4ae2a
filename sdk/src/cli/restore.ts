import { Command } from "commander"
import { placeOption } from "./backup.ts"
import { runBackupProgram } from "./backup-program.ts"
import type { Context } from "./context.ts"
import { homeDirectory } from "./home.ts"
import { withExamples } from "./target.ts"

const examples = `wick restore --from file:///var/backups/wick --passphrase-file ~/wick.passphrase
wick restore --from s3://bucket/wick --passphrase-file ~/wick.passphrase --to-time 2026-11-21T14:00:00Z --home /srv/wick`

const notes = `
--from etcd:///path/snapshot.db restores a file of etcdctl snapshot save: put the folders pki and encryption of the old
home into the new one, for such a file has no keys.

The home must be new. What is restored begins at a later revision, so that whoever watched the lost one lists anew. It has one
member; others join it as they do any. Images of the built-in registry are not part of a backup: push them again.
`

export function command(context: Context): Command {
  const restore = new Command("restore")
    .addOption(placeOption())
    .option("--home <directory>", "where to restore to", homeDirectory(context.env))
    .option("--passphrase-file <file>", "the passphrase that the backup's keys are sealed by")
    .option("--without-keys", "leave encrypted values (Secrets) out; new keys are made at the next start")
    .option("--to-revision <revision>", "as of this revision (default: the latest there is)")
    .option("--to-time <time>", "as of this moment")
    .option("--bump-revision <number>", "how much later than the backup the restored revision is (default: 1000000000)")
    .option(
      "--credentials-file <file>",
      "credentials of a bucket (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
    )
    .addHelpText("after", notes)
    .action((options: Record<string, string | boolean>) => runBackupProgram(context, "restore", options))
  return withExamples(restore, examples)
}
