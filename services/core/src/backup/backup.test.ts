import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { createLog, silentLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { makeSecretDirectory } from "#pki"
import { openStorage } from "#replication"
import { CompactedError, type KeyValue, type MemberStorage, noEnd } from "#store"
import { catalogOf } from "./catalog.ts"
import { archiveIntervalMs, revisionBumpDefault } from "./limits.ts"
import { restore } from "./restore.ts"
import { type BackupOptions, startBackup } from "./start-backup.ts"
import { type MemoryDestination, memoryDestination } from "./testing/memory-destination.ts"
import { verifyBackup } from "./verify.ts"

const hourMs = 3_600_000
let clock: SimulatedClock
let storage: MemberStorage
let home: string
let destination: MemoryDestination

beforeEach(async () => {
  clock = new SimulatedClock()
  home = await directory()
  storage = await openStorage({ directory: join(home, "store"), clock, log: silentLog })
  onTestFinished(() => storage.close())
  destination = memoryDestination()
})

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wick-backup-"))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function start(given: Partial<BackupOptions> = {}): Promise<AsyncDisposable> {
  const options: BackupOptions = {
    storage,
    home,
    destination,
    passphrase: undefined,
    snapshotEveryMs: 6 * hourMs,
    retention: { kind: "count", snapshots: 3 },
    clock,
    random: seededRandom(1),
    log: silentLog,
    ...given,
  }
  const backup = await startBackup(options)
  onTestFinished(() => backup[Symbol.asyncDispose]())
  return backup
}

/** Resolves when all that is written is archived, and a snapshot is there. */
async function archived(snapshots = 1): Promise<void> {
  await expect
    .poll(async () => {
      await clock.advance(archiveIntervalMs)
      const { chains } = catalogOf([...destination.files.keys()])
      const whole = chains.flatMap((chain) => chain.snapshots).filter(({ final }) => final !== undefined)
      const revision = Math.max(...chains.flatMap((chain) => chain.segments).map((segment) => segment.revision), 0)
      return [whole.length >= snapshots, revision]
    })
    .toEqual([true, storage.currentRevision()])
}

async function put(key: string, value = key, lease = 0): Promise<number> {
  const operation = { kind: "put", key, value: Buffer.from(value), lease } as const
  return (await storage.txn({ compare: [], success: [operation], failure: [] })).revision
}

async function remove(key: string): Promise<void> {
  await storage.txn({ compare: [], success: [{ kind: "delete", key }], failure: [] })
}

async function all(from: MemberStorage): Promise<readonly KeyValue[]> {
  return (await from.range({ key: noEnd, end: noEnd })).kvs
}

interface Target {
  readonly target?: Parameters<typeof restore>[0]["target"]
  readonly passphrase?: string
}

async function restored({ target = { kind: "latest" }, passphrase }: Target = {}) {
  const to = join(await directory(), "home")
  const told = await restore({ destination, home: to, target, bumpRevision: revisionBumpDefault, passphrase })
  const store = await openStorage({ directory: join(to, "store"), clock, log: silentLog })
  onTestFinished(() => store.close())
  return { told, store, home: to }
}

describe("a restored store", () => {
  it("has every key as it was, with its revisions, leases and notes, and is at a later revision", async () => {
    const { id } = await storage.grantLease(600)
    await put("a", "1")
    await put("leased", "x", id)
    await storage.setNote("n", Buffer.from("note"), 0)
    await storage.setNote("etcd/identity", Buffer.from("of this cluster"), 0)
    await start()
    await archived()
    await put("a", "2")
    await put("b", "1")
    await put("gone")
    await remove("gone")
    await storage.setNote("n", Buffer.from("later"), 1)
    await archived()
    const { store, told } = await restored()
    expect(await all(store)).toEqual(await all(storage))
    expect(store.lease(id)).toMatchObject({ ttlSeconds: 600, keys: ["leased"] })
    expect(store.note("n")).toEqual(storage.note("n"))
    expect(store.note("etcd/identity").version).toBe(0) // it is another cluster, with members of its own
    expect(told).toMatchObject({ from: { revision: storage.currentRevision() }, keys: 3, dropped: 0 })
    expect(store.currentRevision()).toBe(storage.currentRevision() + revisionBumpDefault)
    await expect(store.range({ key: "a", revision: storage.currentRevision() })).rejects.toThrow(CompactedError)
  })

  it("is that of any revision, or moment, since the first snapshot", async () => {
    await start()
    await archived(1)
    const revisions = [await put("k", "1"), await put("k", "2"), await put("k", "3")]
    await archived()
    const atMs = clock.now()
    await clock.advance(archiveIntervalMs)
    await remove("k")
    await archived()
    for (const [at, revision] of revisions.entries()) {
      const { store } = await restored({ target: { kind: "revision", revision } })
      expect((await all(store)).map(({ value }) => Buffer.from(value).toString())).toEqual([String(at + 1)])
    }
    const { store } = await restored({ target: { kind: "time", timeMs: atMs } })
    expect((await all(store)).length).toBe(1)
    expect((await all((await restored()).store)).length).toBe(0)
    await expect(restored({ target: { kind: "revision", revision: 99 } })).rejects.toThrow(
      "the backup cannot restore revision 99: it has revisions 1 to 5",
    )
    await expect(restored({ target: { kind: "time", timeMs: -1 } })).rejects.toThrow("it has revisions 1 to 5")
  })

  it("is right although keys came, changed and went while the snapshot was made, and history was compacted", async () => {
    const random = seededRandom(7)
    for (let at = 0; at < 900; at++) await put(`key-${at}`, `${at}`)
    // Each slice of the snapshot is read in a turn of its own; these writes come between.
    let isWriting = true
    const writing = (async () => {
      for (let at = 0; isWriting; at++) {
        const key = `key-${random.below(1_200)}`
        await (random.below(3) === 0 ? remove(key) : put(key, `later ${at}`))
        if (at % 40 === 20) await storage.compact(storage.currentRevision() - 1).catch(() => {})
      }
    })()
    await start()
    await expect
      .poll(() => catalogOf([...destination.files.keys()]).chains.some(({ snapshots }) => snapshots[0]?.final))
      .toBe(true)
    isWriting = false
    await writing
    await archived()
    expect(await all((await restored()).store)).toEqual(await all(storage))
  })

  it("is not made where there is a store already, nor from less than a whole snapshot", async () => {
    await expect(restored()).rejects.toThrow("the backup cannot restore anything: it has no whole snapshot yet")
    await start()
    await put("a")
    await archived()
    const given = { destination, home, target: { kind: "latest" }, bumpRevision: 1, passphrase: undefined } as const
    await expect(restore(given)).rejects.toThrow(`${home} is in use`)
    const part = [...destination.files.keys()].find((name) => name.startsWith("snapshots/")) ?? ""
    destination.files.delete(part)
    await expect(restored()).rejects.toThrow("it has no whole snapshot yet")
  })
})

describe("a backup", () => {
  it("goes on with its chain after a restart, and begins another when the store is not the one that it knows", async () => {
    const first = await start()
    await put("a")
    await archived()
    await put("b")
    await first[Symbol.asyncDispose]() // archives what is left
    expect(catalogOf([...destination.files.keys()]).chains[0]?.segments.at(-1)?.revision).toBe(
      storage.currentRevision(),
    )
    const second = await start()
    await put("c")
    await archived()
    await second[Symbol.asyncDispose]()
    expect(catalogOf([...destination.files.keys()]).chains.length).toBe(1)
    await put("unseen")
    await storage.compact(storage.currentRevision())
    await start()
    await put("d")
    await archived(2)
    expect(catalogOf([...destination.files.keys()]).chains.length).toBe(2)
    expect(await all((await restored()).store)).toEqual(await all(storage))
  })

  it("that history has been compacted before begins anew with a snapshot, and loses nothing", async () => {
    await start()
    await put("a")
    await archived()
    destination.failure = new Error("unreachable")
    await put("b")
    await remove("a")
    await storage.compact(storage.currentRevision())
    await clock.advance(archiveIntervalMs)
    destination.failure = undefined
    await put("c")
    await archived(2)
    const { store } = await restored()
    expect((await all(store)).map(({ key }) => key)).toEqual(["b", "c"])
  })

  it("tells of failures in its log and its metrics, tries again, and never fails a write", async () => {
    const metrics = createMetrics({ process: false })
    const lines: string[] = []
    const log = createLog({ level: "info", format: "json", now: () => 0, write: (line) => void lines.push(line) })
    destination.failure = new Error("unreachable")
    await start({ metrics, log })
    await put("a")
    await expect
      .poll(async () => {
        await clock.advance(1_000)
        return lines.filter((line) => line.includes("backup failed; it is tried again")).length
      })
      .toBeGreaterThan(1)
    destination.failure = undefined
    await archived()
    expect(lines.some((line) => line.includes("backup goes on"))).toBe(true)
    const text = await metrics.text()
    expect(text).toMatch(/wick_backup_failures_total [1-9]/)
    expect(text).toMatch(new RegExp(`wick_backup_archived_revision ${storage.currentRevision()}\\n`))
    expect(text).toMatch(/wick_backup_last_success_seconds \d/)
  })

  it("keeps as many snapshots as asked, and all that they need", async () => {
    await start({ retention: { kind: "count", snapshots: 2 }, snapshotEveryMs: hourMs })
    const known: number[] = []
    for (let at = 0; at < 5; at++) {
      known.push(await put("k", `${at}`))
      await archived()
      await put("k", `${at}+`)
      await clock.advance(hourMs)
      await expect
        .poll(async () => {
          await clock.advance(archiveIntervalMs)
          const { chains } = catalogOf([...destination.files.keys()])
          return chains[0]?.snapshots.findLast(({ final }) => final)?.final?.revision
        })
        .toBeGreaterThanOrEqual((known.at(-1) ?? 0) + 1)
    }
    await expect.poll(() => catalogOf([...destination.files.keys()]).chains[0]?.snapshots.length).toBe(2)
    const verdict = await verifyBackup(destination, undefined)
    expect(verdict.problems).toEqual(["there are no sealed keys: encrypted values could not be restored"])
    const { store } = await restored({ target: { kind: "revision", revision: known.at(-1) ?? 0 } })
    expect(Buffer.from((await all(store))[0]?.value ?? []).toString()).toBe("4")
    await expect(restored({ target: { kind: "revision", revision: known[0] ?? 0 } })).rejects.toThrow("cannot restore")
  })
})

describe("keys", () => {
  const passphrase = "correct horse battery"
  const sealed = "k8s:enc:aesgcm:v1:key-1:…"

  it("are in the backup, sealed, and nothing of them or of the passphrase can be read in it", {
    timeout: 60_000,
  }, async () => {
    for (const folder of ["pki", "encryption"]) await makeSecretDirectory(join(home, folder))
    await writeFile(join(home, "pki", "ca.key"), "very private key")
    await writeFile(join(home, "encryption", "configuration.json"), "aes key")
    await start({ passphrase })
    await put("/registry/core/secrets/a", sealed)
    await archived()
    const everything = Buffer.concat([...destination.files.values()]).toString("latin1")
    for (const secret of ["very private key", "aes key", passphrase]) {
      expect(everything).not.toContain(secret)
      expect(everything).not.toContain(Buffer.from(secret).toString("base64"))
    }
    const { store, home: to } = await restored({ passphrase })
    expect(await readFile(join(to, "pki", "ca.key"), "utf8")).toBe("very private key")
    expect((await stat(join(to, "pki", "ca.key"))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(to, "encryption", "configuration.json"), "utf8")).toBe("aes key")
    expect((await all(store)).length).toBe(1)
    await expect(restored({ passphrase: "another one" })).rejects.toThrow("it was sealed with another passphrase")
    expect((await verifyBackup(destination, "another one")).problems.length).toBe(1)
    expect((await verifyBackup(destination, passphrase)).problems).toEqual([])
  })

  it("are not: then encrypted values are left out, and it is said how many", async () => {
    await start()
    await put("/registry/core/secrets/a", sealed)
    await put("/registry/core/configmaps/a", "plain")
    await archived()
    const { store, told } = await restored()
    expect(told).toMatchObject({ keys: 1, dropped: 1 })
    expect((await all(store)).map(({ key }) => key)).toEqual(["/registry/core/configmaps/a"])
    await expect(restored({ passphrase })).rejects.toThrow("the backup holds no keys")
  })
})

describe("verification", () => {
  const names = (kind: string): string[] =>
    [...destination.files.keys()].filter((name) => name.startsWith(kind)).toSorted()

  beforeEach(async () => {
    await start()
    await put("a")
    await archived()
    for (const key of ["b", "c", "d"]) {
      await put(key)
      await archived()
    }
  })

  it("finds nothing wrong with what is whole", async () => {
    const { problems, files, restorable } = await verifyBackup(destination, undefined)
    expect(problems).toEqual(["there are no sealed keys: encrypted values could not be restored"])
    expect(files).toBe(destination.files.size)
    expect(restorable).toEqual([expect.stringMatching(/^revisions \d to 5 \(/)])
  })

  it("finds any byte that is not as it was, in every file, and no restore builds on it", async () => {
    const random = seededRandom(3)
    for (const [name, bytes] of [...destination.files]) {
      const damaged = Buffer.from(bytes)
      const at = random.below(damaged.length)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8))
      destination.files.set(name, damaged)
      const { problems } = await verifyBackup(destination, undefined)
      expect(problems.filter((problem) => problem.startsWith(`${name} is damaged`)).length).toBe(1)
      await expect(restored()).rejects.toThrow(`${name} is damaged`)
      destination.files.set(name, bytes)
    }
  })

  it("finds a segment that is missing, and no restore goes beyond it, or stops before it unasked", async () => {
    const [, second = "", third = ""] = names("archive/").toReversed()
    destination.files.delete(second)
    const last = Number(third.split("-").at(-2))
    const { problems } = await verifyBackup(destination, undefined)
    expect(problems[0]).toMatch(
      new RegExp(`\\(up to revision ${last}\\) .* \\(from revision ${last + 2}\\) something is missing`),
    )
    await expect(restored()).rejects.toThrow(`what comes after revision ${last} is missing`)
    const { store } = await restored({ target: { kind: "revision", revision: last } })
    expect((await all(store)).length).toBe(last - 1)
  })

  it("finds a file that is another one's", async () => {
    const [first = "", second = ""] = names("archive/")
    destination.files.set(first, destination.files.get(second) ?? Buffer.alloc(0))
    const { problems } = await verifyBackup(destination, undefined)
    expect(problems[0]).toContain("holds another file than its name says")
  })
})
