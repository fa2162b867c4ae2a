import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type S3Server, s3Credentials, startS3 } from "@wick/core/testing"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Secret } from "@wick/sdk/api/core/secret"
import { afterAll, beforeAll, expect, it } from "vitest"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

/** What a platform may lose of its last writes, and how long it may be away. */
const lostMaxMs = 60_000
const awayMaxMs = 300_000

const outside = mkdtempSync(join(tmpdir(), "wick-outside-"))
const passphrase = join(outside, "passphrase")
const credentials = join(outside, "credentials")
const open: S3Server[] = []

beforeAll(() => {
  const { accessKeyId, secretAccessKey } = s3Credentials
  writeFileSync(passphrase, "correct horse battery", { mode: 0o600 })
  writeFileSync(credentials, `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, {
    mode: 0o600,
  })
})
afterAll(async () => {
  for (const server of open) await server[Symbol.asyncDispose]()
  rmSync(outside, { recursive: true, force: true })
})

async function bucket(): Promise<readonly string[]> {
  const server = await startS3()
  open.push(server)
  return [`s3://bucket/wick?endpoint=${server.url}`, "--credentials-file", credentials]
}

/** Where a backup is, and the flags that go with it. */
const places: [name: string, make: () => Promise<readonly string[]>][] = [
  ["a directory", async () => [`file://${join(outside, "backup")}`]],
  ["a bucket", bucket],
]

/** A bucket of somebody else's S3, made by hand (`load-tests/src/s3`); its key is in the environment, under Amazon's names. */
const elsewhere = process.env.WICK_BACKUP_BUCKET
if (elsewhere !== undefined) {
  const place = elsewhere.replace("?", `/drill-${Date.now()}?`)
  places.push([`the bucket ${elsewhere}`, async () => [place]])
}

/** All of its processes, and its disk. */
function loseMachine(wick: TestPlatform): void {
  const activator = JSON.parse(readFileSync(join(wick.home, "run", "activator-0.pid"), "utf8")) as { pid: number }
  for (const pid of [wick.pid(), activator.pid]) process.kill(pid, "SIGKILL")
  rmSync(wick.home, { recursive: true })
}

interface Written {
  readonly name: string
  readonly acknowledgedAtMs: number
  /** The store's, as the archive counts too. */
  readonly revision: number
}

async function write(wick: TestPlatform, written: Written[], ended: AbortSignal): Promise<void> {
  for (let at = 0; !ended.aborted; at++) {
    const name = `drill-${at}`
    const metadata = { namespace: "default", name }
    try {
      const created = await wick.client.create(ConfigMap, { metadata, data: { at: String(at) } })
      const revision = Number(created.metadata.resourceVersion)
      written.push({ name, acknowledgedAtMs: performance.now(), revision })
    } catch {
      return // it is gone
    }
  }
}

const sentence = `a machine backed up to %s is whole again after its loss, but for less than ${lostMaxMs / 1000} s of writes`

// Each mostly waits for its next snapshot.
it.concurrent.each(places)(sentence, { timeout: 300_000 }, async (_, make) => {
  const [place = "", ...flags] = await make()
  const from = ["--from", place, ...flags]
  const to = ["--backup-to", place, ...flags.map((flag) => flag.replace(/^--/, "--backup-"))]
  await using wick = await startTestPlatform(["--runtime=process", ...to, "--backup-passphrase-file", passphrase])
  const metadata = { namespace: "default", name: "treasure" }
  await wick.client.create(Secret, { metadata, stringData: { word: "sesame" } })
  const written: Written[] = []
  const ended = new AbortController()
  const writing = write(wick, written, ended.signal)
  await until("a snapshot, more in the archive than that, and some of the writes", async () => {
    const { stdout } = await wick.wick("backup", "list", ...from)
    const [, since, to] = /can be restored: revisions (\d+) to (\d+)/.exec(stdout) ?? []
    const [first] = written
    return Number(to) > Number(since) && first !== undefined && Number(to) >= first.revision
  })
  // Killed in the midst of it, with all that is not in the backup yet.
  const killedAtMs = performance.now()
  loseMachine(wick)
  ended.abort()
  await writing

  const verified = await wick.wick("backup", "verify", ...from, "--passphrase-file", passphrase)
  expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/^whole: \d+ files/m) })
  const refused = await wick.wick("restore", ...from, "--home", wick.home)
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("passphrase") })
  const restored = await wick.wick("restore", ...from, "--home", wick.home, "--passphrase-file", passphrase)
  expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining("restored ") })
  await wick.restart()
  // With the client of before: its certificate and the authority are the same.
  const items = (await wick.client.list(ConfigMap, { namespace: "default" })).items
  const awayMs = performance.now() - killedAtMs
  const found = new Set(items.map((item) => item.metadata.name))
  const missing = written.filter(({ name }) => !found.has(name))
  const lostMs = killedAtMs - (missing[0]?.acknowledgedAtMs ?? killedAtMs)
  process.stderr.write(
    `of ${written.length} acknowledged writes ${missing.length} are missing, the last ${(lostMs / 1000).toFixed(1)} s; ` +
      `away for ${(awayMs / 1000).toFixed(1)} s\n`,
  )
  expect(written.length - missing.length).toBeGreaterThan(0)
  expect(lostMs).toBeLessThan(lostMaxMs)
  expect(awayMs).toBeLessThan(awayMaxMs)
  // What is missing is the end, and nothing in between.
  expect(missing).toEqual(written.slice(written.length - missing.length))
  const secret = await wick.client.get(Secret, metadata)
  expect(Buffer.from(secret.data?.word ?? "", "base64").toString()).toBe("sesame")
  await wick.client.create(ConfigMap, { metadata: { namespace: "default", name: "afterwards" } })
  const again = await wick.wick("restore", ...from, "--home", wick.home, "--passphrase-file", passphrase)
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("is in use") })
})
