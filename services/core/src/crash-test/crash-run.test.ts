import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { propertySeed } from "@wick/sdk/testing/property-seed"
import { expect, it, onTestFinished } from "vitest"
import { CrashError, crash } from "./crash-run.ts"

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wick-crash-"))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

const seed = propertySeed

it(`a member killed under load has all that it told its clients, seed ${seed}`, { timeout: 240_000 }, async () => {
  const report = await crash({ kills: 6, seed, clients: 6, directory: await directory() })
  expect(report.kills).toBe(6)
  expect(report.answered).toBeGreaterThan(50)
  expect(report.undecided).toBeLessThan(2)
})

it(`of three members one is killed at a time, and none misses it, seed ${seed}`, { timeout: 240_000 }, async () => {
  const report = await crash({ kills: 4, seed, clients: 6, members: 3, directory: await directory() })
  expect(report.kills).toBe(4)
  expect(report.answered).toBeGreaterThan(50)
  expect(report.undecided).toBeLessThan(2)
})

it("a member that has lost what it told its clients is found out", { timeout: 240_000 }, async () => {
  const path = await directory()
  const lose = () => rm(join(path, "1", "store"), { recursive: true })
  await expect(crash({ kills: 3, seed, clients: 4, directory: path, onKilled: lose })).rejects.toThrow(CrashError)
})
