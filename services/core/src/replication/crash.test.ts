import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { propertySeed } from "@wick/sdk/testing/property-seed"
import { expect, it, onTestFinished } from "vitest"
import { noEnd } from "#store"
import { openStorage } from "./open-storage.ts"

const kills = 25
/** More than a run writes: no two runs write the same key, also when acknowledgements are lost with the writer. */
const numbersPerRun = 1_000_000
const writer = join(import.meta.dirname, "crash-writer.ts")

it(`has every acknowledged write, whole, after ${kills} times SIGKILL at any moment`, {
  timeout: 180_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "wick-crash-"))
  onTestFinished(() => rm(directory, { recursive: true }))
  const random = seededRandom(propertySeed)
  const acknowledged = new Set<number>()
  for (let kill = 0; kill < kills; kill++) {
    // Some runs are long enough to save the state and to begin another segment of the log; after some the next one
    // begins on what the last one left, without an orderly stop between.
    const length = random.below(kill % 5 === 0 ? 4_000 : 120)
    for (const number of await writeUntilKilled(directory, kill * numbersPerRun, length)) acknowledged.add(number)
    if (kill % 3 === 0) await expectAll(directory, acknowledged)
  }
  await expectAll(directory, acknowledged)
  expect(acknowledged.size).toBeGreaterThan(kills)
})

/** Runs the writer, and kills it when it has acknowledged a write and then `acknowledgements` more. */
async function writeUntilKilled(directory: string, from: number, acknowledgements: number): Promise<number[]> {
  const words = ["--disable-warning=ExperimentalWarning", writer, directory, String(from)]
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString()
    if (output.split("\n").length > acknowledgements + 1) child.kill("SIGKILL")
  })
  await once(child, "close")
  expect(child.signalCode, "the writer ends only by being killed").toBe("SIGKILL")
  return output.split("\n").slice(0, -1).map(Number)
}

async function expectAll(directory: string, acknowledged: ReadonlySet<number>): Promise<void> {
  const storage = await openStorage({ directory, clock: systemClock, log: silentLog })
  const { kvs } = await storage.range({ key: "key-", end: noEnd })
  const found = new Set<number>()
  for (const { key, value, version } of kvs) {
    const number = Number(key.slice("key-".length))
    found.add(number)
    expect(version).toBe(1)
    expect(Buffer.compare(value, Buffer.alloc(1 + ((number * 7919) % 6000), `${key};`)), `${key} is whole`).toBe(0)
  }
  const missing = [...acknowledged].filter((number) => !found.has(number))
  expect(missing, "acknowledged and lost").toEqual([])
  expect(storage.currentRevision()).toBe(found.size + 1)
  await storage.close()
}
