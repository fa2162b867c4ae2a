import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it, vi } from "vitest"
import { type KeptProcess, keepProcess } from "./kept-process.ts"

const program = 'process.title = "kept"; setInterval(() => {}, 60_000)'

const keep = (directory: string, version = "1"): Promise<KeptProcess> =>
  keepProcess({
    name: "program",
    command: process.execPath,
    args: ["-e", program],
    version,
    directory,
    clock: systemClock,
    log: silentLog,
  })

it("starts a program again when it dies", async () => {
  const kept = await keep(mkdtempSync(join(tmpdir(), "wick-kept-")))
  const first = kept.pid()
  if (first) process.kill(first, "SIGKILL")
  await vi.waitFor(() => expect([undefined, first]).not.toContain(kept.pid()))
  await kept.stop(1_000)
})

it("adopts the program that an earlier keeper left running, and replaces one of another version", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wick-kept-"))
  const left = await keep(directory)
  const pid = left.pid()
  const adopted = await keep(directory)
  expect(adopted.adopted).toBe(true)
  expect(adopted.pid()).toBe(pid)
  const replaced = await keep(directory, "2")
  expect(replaced.adopted).toBe(false)
  expect(replaced.pid()).not.toBe(pid)
  await left.stop(1_000)
  await adopted.stop(1_000)
  await replaced.stop(1_000)
})

it("leaves nothing running and nothing remembered after a stop", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wick-kept-"))
  const kept = await keep(directory)
  const pid = kept.pid() ?? 0
  await kept.stop(1_000)
  expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  expect(() => readFileSync(join(directory, "program.pid"))).toThrow("ENOENT")
})
