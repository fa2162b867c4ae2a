import type { ControlPlaneOptions } from "@wick/core"
import { parseDuration } from "@wick/sdk/duration"
import * as z from "zod"
import { Refusal } from "../refusal.ts"

const durationMs = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined && ms >= 60_000) return ms
  context.addIssue("must be a duration of a minute or more, for example 6h")
  return z.NEVER
})

const retention = z.string().transform((text, context) => {
  if (/^[1-9]\d{0,4}$/.test(text)) return { kind: "count", snapshots: Number(text) } as const
  const ageMs = /^\d+$/.test(text) ? undefined : parseDuration(text)
  if (ageMs !== undefined) return { kind: "age", ageMs } as const
  context.addIssue("must be a number of snapshots or an age, for example 28 or 7d")
  return z.NEVER
})

/** Flags that say whether the store is backed up, where to, and by whose word. */
export const backupFlags = {
  "backup-to": z.string().optional(),
  "backup-every": durationMs.default(6 * 60 * 60 * 1000),
  "backup-keep": retention.default({ kind: "age", ageMs: 7 * 24 * 60 * 60 * 1000 }),
  "backup-credentials-file": z.string().optional(),
  "backup-passphrase-file": z.string().optional(),
  "backup-keys": z.enum(["sealed", "none"], "must be sealed or none").default("sealed"),
}
type BackupFlags = z.output<z.ZodObject<typeof backupFlags>>

/** Undefined when nothing is to be backed up. Throws a Refusal that says what is missing or wrong. */
export async function backupOf(flags: BackupFlags): Promise<ControlPlaneOptions["backup"]> {
  const to = flags["backup-to"]
  if (to === undefined) return undefined
  const file = flags["backup-passphrase-file"]
  if (file === undefined && flags["backup-keys"] === "sealed") {
    throw new Refusal(
      "a backup needs a passphrase that seals the cluster's keys: without them no Secret can be restored",
      "--backup-passphrase-file FILE (of mode 0600; keep a copy elsewhere), or --backup-keys none to do without",
      2,
    )
  }
  const { BackupOptionError, openDestination, readPassphrase, readPlace } = await import("@wick/core/backup")
  try {
    return {
      destination: await openDestination(readPlace(to), flags["backup-credentials-file"]),
      passphrase: file === undefined ? undefined : await readPassphrase(file),
      snapshotEveryMs: flags["backup-every"],
      retention: flags["backup-keep"],
    }
  } catch (error) {
    if (!(error instanceof BackupOptionError)) throw error
    throw new Refusal(error.message, "see wick up --help", 2)
  }
}
