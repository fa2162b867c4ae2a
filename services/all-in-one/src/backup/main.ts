import { resolve } from "node:path"
import { parseArgs } from "node:util"
import {
  BackupOptionError,
  catalogOf,
  DamagedBackupError,
  type Destination,
  NotInBackupError,
  openDestination,
  reachable,
  readPassphrase,
  readPlace,
  restore,
  restoreEtcdSnapshot,
  revisionBumpDefault,
  type Target,
  verifyBackup,
} from "@wick/core/backup"
import { Refusal } from "../refusal.ts"

/** Lists, verifies and restores backups, without a platform: `wick backup` and `wick restore` run it. */
const [verb = "", ...args] = process.argv.slice(2)
const flag = { type: "string" } as const
const { values } = parseArgs({
  args,
  options: {
    from: flag,
    home: flag,
    "to-revision": flag,
    "to-time": flag,
    "bump-revision": flag,
    "passphrase-file": flag,
    "credentials-file": flag,
    "without-keys": { type: "boolean" },
  },
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  await run()
} catch (error) {
  process.exitCode = complain(error)
}

async function run(): Promise<void> {
  const snapshot = /^etcd:\/\/(\/.+)$/.exec(values.from ?? "")?.[1]
  if (snapshot !== undefined && verb === "restore") return restoreEtcd(decodeURIComponent(snapshot))
  const destination = await openDestination(readPlace(values.from ?? ""), values["credentials-file"])
  // An empty place is whole, and lists as nothing: whoever misspelt it is to be told.
  if ((await destination.list()).length === 0) {
    throw new Refusal(`there is no backup at ${destination.place}`, "give the place that wick up --backup-to names")
  }
  if (verb === "list") return list(destination)
  if (verb === "verify") return verify(destination)
  return restoreTo(destination)
}

async function list(destination: Destination): Promise<void> {
  const catalog = catalogOf(await destination.list())
  for (const { name, segments, snapshots } of catalog.chains) {
    say(`chain ${name}: ${segments.length} segments`)
    for (const { final, parts, base } of snapshots) {
      const state = final
        ? `${time(final.takenAtMs)}  revision ${final.revision}`
        : `unfinished, from revision ${base.revision}`
      say(`  snapshot  ${state}  ${parts.length} files`)
    }
  }
  const sealed = catalog.keys.at(-1)
  say(sealed ? `keys sealed ${time(sealed.takenAtMs)}` : "no keys: encrypted values cannot be restored")
  const ranges = reachable(catalog)
  if (ranges.length === 0) say("nothing can be restored: there is no whole snapshot")
  for (const range of ranges) say(`can be restored: ${range}`)
}

async function verify(destination: Destination): Promise<void> {
  const { files, bytes, problems, restorable } = await verifyBackup(destination, await passphrase())
  for (const problem of problems) process.stderr.write(`problem: ${problem}\n`)
  for (const range of restorable) say(`can be restored: ${range}`)
  if (problems.length > 0) {
    throw new Refusal(
      `${problems.length} problems in ${files} files of ${destination.place}`,
      "what is listed above can be restored all the same; a running Wick begins anew with a snapshot if its own is damaged",
    )
  }
  say(`whole: ${files} files, ${bytes} bytes`)
}

async function restoreTo(destination: Destination): Promise<void> {
  const home = resolve(values.home ?? "")
  const secret = await passphrase()
  if (secret === undefined && !values["without-keys"]) {
    throw new Refusal(
      "the passphrase that the backup's keys are sealed by is needed",
      "--passphrase-file FILE, or --without-keys to leave encrypted values out",
      2,
    )
  }
  const startMs = performance.now()
  const restored = await restore({
    destination,
    home,
    target: target(),
    bumpRevision: number("bump-revision") ?? revisionBumpDefault,
    passphrase: secret,
  })
  const { from, keys, dropped, revision } = restored
  say(`restored ${keys} keys as of revision ${from.revision}, backed up until ${time(from.takenAtMs)}, to ${home}`)
  say(`in ${((performance.now() - startMs) / 1000).toFixed(1)} s; its revision is ${revision}`)
  if (dropped > 0) say(`left out: ${dropped} encrypted values, as there are no keys for them`)
  say(`start it: wick up --home ${home}`)
}

async function restoreEtcd(file: string): Promise<void> {
  const home = resolve(values.home ?? "")
  const bumpRevision = number("bump-revision") ?? revisionBumpDefault
  const { keys, fromRevision, revision } = await restoreEtcdSnapshot({ file, home, bumpRevision })
  say(`restored ${keys} keys as of revision ${fromRevision} to ${home}; its revision is ${revision}`)
  say("keys of the cluster are not in it: put the folders pki and encryption there before you start it")
  say(`start it: wick up --home ${home}`)
}

function target(): Target {
  const revision = number("to-revision")
  const at = values["to-time"]
  if (revision !== undefined && at !== undefined) throw wrong("--to-revision and --to-time are mutually exclusive")
  if (revision !== undefined) return { kind: "revision", revision }
  if (at === undefined) return { kind: "latest" }
  const timeMs = Date.parse(at)
  if (Number.isNaN(timeMs)) throw wrong(`--to-time ${at}: must be a time, for example 2026-11-21T14:00:00Z`)
  return { kind: "time", timeMs }
}

function number(name: "to-revision" | "bump-revision"): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw wrong(`--${name} ${text}: must be a whole number`)
  return Number(text)
}

async function passphrase(): Promise<string | undefined> {
  const path = values["passphrase-file"]
  return path === undefined ? undefined : readPassphrase(path)
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}

function wrong(message: string): Refusal {
  return new Refusal(message, `see wick ${verb === "restore" ? "restore" : `backup ${verb}`} --help`, 2)
}

function complain(error: unknown): number {
  const told = error instanceof BackupOptionError ? wrong(error.message) : error
  if (told instanceof Refusal) {
    process.stderr.write(`error: ${told.message}\ntry:   ${told.remedy}\n`)
    return told.exitCode
  }
  const isExpected = told instanceof DamagedBackupError || told instanceof NotInBackupError
  const failed = told as Error
  process.stderr.write(`error: ${isExpected ? failed.message : (failed.stack ?? failed.message)}\n`)
  return 1
}
