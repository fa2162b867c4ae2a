import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { openStorage } from "#replication"
import { type MemberStorage, noEnd } from "#store"
import { type Peer, startOurs, startTheirs } from "../../etcd/testing/start-pair.ts"
import { mutate } from "../../fuzz/mutate.ts"
import { DamagedBackupError } from "../backup-error.ts"
import { restoreEtcdSnapshot } from "./restore-etcd-snapshot.ts"

const run = promisify(execFile)
const bumpRevision = 1_000
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-etcd-restore-"))
  onTestFinished(() => rm(directory, { recursive: true }))
})

async function etcdctl(peer: Peer, ...args: string[]): Promise<string> {
  const env = { ...process.env, ETCDCTL_API: "3" }
  return (await run("etcdctl", ["--endpoints", peer.endpoint, ...args], { env })).stdout
}

/** A snapshot of a store with some history, as `etcdctl snapshot save` writes it. */
async function snapshotOf(start: () => Promise<Peer>): Promise<{ file: string; revision: number }> {
  const peer = await start()
  onTestFinished(() => peer[Symbol.asyncDispose]())
  const granted = await etcdctl(peer, "lease", "grant", "600")
  const [, lease = ""] = /lease (\w+) granted/.exec(granted) ?? []
  for (let at = 0; at < 30; at++) await etcdctl(peer, "put", `key-${at % 10}`, `${at}-${"x".repeat(at * 200)}`)
  await etcdctl(peer, "put", "leased", "soon gone", `--lease=${lease}`)
  await etcdctl(peer, "del", "key-3")
  await etcdctl(peer, "compact", "12")
  const file = join(directory, "snapshot.db")
  await etcdctl(peer, "snapshot", "save", file)
  const { header } = JSON.parse(await etcdctl(peer, "get", "x", "-w", "json")) as { header: { revision: number } }
  return { file, revision: header.revision }
}

async function opened(home: string): Promise<MemberStorage> {
  const storage = await openStorage({ directory: join(home, "store"), clock: systemClock, log: silentLog })
  onTestFinished(() => storage.close())
  return storage
}

describe.each([
  ["etcd", () => startTheirs()],
  ["our own", () => startOurs()],
])("a snapshot of %s", (_, start) => {
  it("is restored: keys with their revisions, leases, at a later revision", async () => {
    const { file, revision } = await snapshotOf(start)
    const home = join(directory, "home")
    const told = await restoreEtcdSnapshot({ file, home, bumpRevision })
    expect(told).toMatchObject({ keys: 10, fromRevision: revision, revision: revision + bumpRevision })
    const storage = await opened(home)
    expect(storage.currentRevision()).toBe(revision + bumpRevision)
    const { kvs } = await storage.range({ key: noEnd, end: noEnd })
    expect(kvs.map(({ key, version }) => `${key} ${version}`)).toEqual([
      ...[0, 1, 2, 4, 5, 6, 7, 8, 9].map((at) => `key-${at} 3`),
      "leased 1",
    ])
    expect(Buffer.from(kvs[1]?.value ?? []).toString()).toBe(`21-${"x".repeat(21 * 200)}`)
    expect(storage.lease(kvs.at(-1)?.lease ?? 0)).toMatchObject({ ttlSeconds: 600, keys: ["leased"] })
    await expect(restoreEtcdSnapshot({ file, home, bumpRevision })).rejects.toThrow("is in use")
  })
})

it("a file with any byte changed is refused, and reading one ends also when its checksum was made to fit", async () => {
  const { file } = await snapshotOf(startOurs)
  const whole = await readFile(file)
  const body = whole.subarray(0, -32)
  const random = seededRandom(2)
  for (let at = 0; at < 150; at++) {
    const bytes = mutate([body], random)
    const other = join(directory, `${at}.db`)
    await writeFile(other, Buffer.concat([bytes, whole.subarray(-32)]))
    const home = join(directory, `home-${at}`)
    const failure = await restoreEtcdSnapshot({ file: other, home, bumpRevision }).catch((error: unknown) => error)
    if (!bytes.equals(body)) expect(failure).toBeInstanceOf(DamagedBackupError)
    await writeFile(other, Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]))
    const outcome = await restoreEtcdSnapshot({ file: other, home, bumpRevision }).catch((error: unknown) => error)
    if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DamagedBackupError)
    await rm(other)
    await rm(home, { recursive: true, force: true })
  }
})
