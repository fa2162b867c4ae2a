import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { readOptions } from "../options.ts"
import { backupOf } from "./flags.ts"

const hourMs = 3_600_000

async function passphraseFile(text: string, mode = 0o600): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "wick-flags-"))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, "passphrase")
  await writeFile(path, text, { mode })
  return path
}

it("backs nothing up unless asked to", async () => {
  expect(await backupOf(readOptions([], {}))).toBeUndefined()
})

it("takes a place, a passphrase, and how often and how long, from flags and the environment", async () => {
  const file = await passphraseFile("correct horse battery\n")
  const env = { WICK_BACKUP_TO: "file:///var/backups/wick", WICK_BACKUP_PASSPHRASE_FILE: file }
  const backup = await backupOf(readOptions(["--backup-every=1h", "--backup-keep=28"], env))
  expect(backup).toMatchObject({
    destination: { place: "/var/backups/wick" },
    passphrase: "correct horse battery",
    snapshotEveryMs: hourMs,
    retention: { kind: "count", snapshots: 28 },
  })
  const usual = await backupOf(readOptions([], env))
  expect(usual).toMatchObject({ snapshotEveryMs: 6 * hourMs, retention: { kind: "age", ageMs: 7 * 24 * hourMs } })
})

it("makes no backup that could not restore Secrets, unless that is said", async () => {
  const to = ["--backup-to=file:///var/backups/wick"]
  await expect(backupOf(readOptions(to, {}))).rejects.toThrow("a backup needs a passphrase")
  expect(await backupOf(readOptions([...to, "--backup-keys=none"], {}))).toMatchObject({ passphrase: undefined })
})

it.each([
  [["--backup-to=/var/backups"], "must be file:///directory"],
  [["--backup-to=file:///x", "--backup-passphrase-file=/nowhere"], "/nowhere cannot be read: ENOENT"],
])("refuses %s, saying why", async (flags, why) => {
  await expect(backupOf(readOptions([...flags, "--backup-keys=none"], {}))).rejects.toThrow(why)
})

it("refuses a passphrase that others can read, or guess", async () => {
  const flagsFor = (file: string) => readOptions(["--backup-to=file:///x", `--backup-passphrase-file=${file}`], {})
  const open = await passphraseFile("correct horse battery", 0o644)
  await expect(backupOf(flagsFor(open))).rejects.toThrow("can be read by others")
  await expect(backupOf(flagsFor(await passphraseFile("short")))).rejects.toThrow("must have at least 12 letters")
})

it("names a duration or a retention that is none", () => {
  expect(() => readOptions(["--backup-every=5s"], {})).toThrow(
    "--backup-every 5s: must be a duration of a minute or more",
  )
  expect(() => readOptions(["--backup-keep=some"], {})).toThrow(
    "--backup-keep some: must be a number of snapshots or an age",
  )
})
