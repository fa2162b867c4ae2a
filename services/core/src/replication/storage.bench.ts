import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { prefixEnd, type Storage, type Watch } from "#store"
import { openStorage } from "./open-storage.ts"

/**
 * How fast one member is, in process, on a real disk: `node services/core/src/replication/storage.bench.ts`, and
 * with `recovery` how soon a gigabyte is there again. Closed
 * loops of callers, 256-byte values, keys as the API server makes them. Takes some seconds.
 */
const value = Buffer.alloc(256, 7)
const keysPerCaller = 200
/** More than the store keeps values of in memory. */
const keysPerCallerMany = 1_000
const prefix = "/registry/things/default/"
const keyOf = (caller: number, at: number, keys = keysPerCaller): string => `${prefix}${caller}-${at % keys}`

const directory = await mkdtemp(join(tmpdir(), "wick-bench-"))
const storage = await openStorage({ directory, clock: systemClock, log: silentLog })

function put(target: Storage, key: string): Promise<unknown> {
  return target.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] })
}

/** Runs `operation` by so many callers at once, each beginning its next when its last is answered. */
async function measure(
  name: string,
  callers: number,
  total: number,
  operation: (caller: number, at: number) => Promise<unknown>,
): Promise<void> {
  const latencies: number[] = []
  const startMs = performance.now()
  const caller = async (_: unknown, id: number): Promise<void> => {
    for (let at = 0; at < total / callers; at++) {
      const sentMs = performance.now()
      await operation(id, at)
      latencies.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const seconds = (performance.now() - startMs) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number): string => (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(3)
  const rate = Math.round(latencies.length / seconds)
  print(`${name} ${callers} callers`, `${rate}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`)
}

function print(what: string, figures: string): void {
  process.stdout.write(`${what.padEnd(34)} ${figures}\n`)
}

/** Writes with so many watchers of the same prefix, as many informers have; counts what they are told. */
async function measureFanOut(watchers: number, writes: number): Promise<void> {
  let told = 0
  const onBatch: Parameters<Storage["watch"]>[1]["onBatch"] = ({ events }) => {
    told += events.length
  }
  const watches: Watch[] = []
  for (let at = 0; at < watchers; at++) {
    watches.push(storage.watch({ key: prefix, end: prefixEnd(prefix) }, { onBatch, onEnd: () => {} }))
  }
  const startMs = performance.now()
  for (let at = 0; at < writes; at++) await put(storage, keyOf(0, at))
  const seconds = (performance.now() - startMs) / 1000
  for (const watch of watches) watch.close()
  print(
    `fan-out to ${watchers} watchers`,
    `${Math.round(told / seconds)} events/s, ${Math.round(writes / seconds)} puts/s`,
  )
}

/** A store of so many keys of a kilobyte, closed, and how long it takes until it answers again. */
async function measureRecovery(total: number): Promise<void> {
  const large = Buffer.alloc(1024, 7)
  const atOnce = 100
  for (let at = 0; at < total; at += 10 * atOnce) {
    const batches = Array.from({ length: 10 }, (_, batch) => at + batch * atOnce)
    await Promise.all(
      batches.map((first) => {
        const success = Array.from({ length: atOnce }, (_, each) => ({
          kind: "put" as const,
          key: `/registry/things/namespace-${(first + each) % 1000}/name-of-a-thing-${first + each}`,
          value: large,
        }))
        return storage.txn({ compare: [], success, failure: [] })
      }),
    )
  }
  await storage.close()
  const openMs = performance.now()
  const cpuBefore = process.cpuUsage()
  const opened = await openStorage({ directory, clock: systemClock, log: silentLog })
  const { count } = await opened.range({ key: "\0", end: "\0", countOnly: true })
  const tookMs = performance.now() - openMs
  const { user, system } = process.cpuUsage(cpuBefore)
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  const cpuSeconds = ((user + system) / 1e6).toFixed(1)
  print(
    `recovery of ${count} keys`,
    `${(tookMs / 1000).toFixed(1)} s (${cpuSeconds} s of processor), ${memory} MiB resident`,
  )
  await opened.close()
}

async function measureAll(): Promise<void> {
  await measure("(warming up)", 100, 20_000, (caller, at) => put(storage, keyOf(caller, at)))
  await measure("put", 1, 5_000, (caller, at) => put(storage, keyOf(caller, at)))
  await measure("put", 16, 40_000, (caller, at) => put(storage, keyOf(caller, at)))
  await measure("put", 100, 150_000, (caller, at) => put(storage, keyOf(caller, at)))
  await measure("linearizable get", 1, 100_000, (caller, at) => storage.range({ key: keyOf(caller, at) }))
  await measure("linearizable get", 100, 300_000, (caller, at) => storage.range({ key: keyOf(caller, at) }))
  const page = { key: prefix, end: prefixEnd(prefix), limit: 1_000 }
  await measure("range of 1,000 keys", 1, 500, () => storage.range(page))
  await measure("(more keys)", 100, 100_000, (caller, at) => put(storage, keyOf(caller, at, keysPerCallerMany)))
  await measure("linearizable get of 100,000 keys", 100, 300_000, (caller, at) =>
    storage.range({ key: keyOf(caller, at, keysPerCallerMany) }),
  )
  await measureFanOut(1_000, 2_000)
  await measureFanOut(10_000, 200)
  await storage.close()
  const reopenMs = performance.now()
  const reopened = await openStorage({ directory, clock: systemClock, log: silentLog })
  print("reopened", `${(performance.now() - reopenMs).toFixed(0)} ms at revision ${reopened.currentRevision()}`)
  await reopened.close()
}

if (process.argv[2] === "recovery") await measureRecovery(Number(process.argv[3] ?? 1_000_000))
else await measureAll()
await rm(directory, { recursive: true })
