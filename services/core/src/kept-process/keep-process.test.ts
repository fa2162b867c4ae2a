import { readFileSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { expect, it } from "vitest"
import { type KeptProcess, keepProcess } from "./keep-process.ts"
import { identify } from "./process-identity.ts"

const program = 'process.title = "kept"; setInterval(() => {}, 60_000)'

const keep = (directory: string, fingerprint = "1"): Promise<KeptProcess> =>
  keepProcess({
    name: "program",
    command: process.execPath,
    args: ["-e", program],
    fingerprint,
    pidFile: join(directory, "program.pid"),
    logFile: join(directory, "program.log"),
    stopGraceMs: 1_000,
    clock: systemClock,
    log: silentLog,
  })

it("starts a program again when it dies", async () => {
  const kept = await keep(scratchDirectory("kept"))
  const first = kept.pid()
  if (first) process.kill(first, "SIGKILL")
  await expect.poll(() => [undefined, first].includes(kept.pid())).toBe(false)
  await kept.stop()
})

it("starts an adopted program again when somebody notices that it is gone", async () => {
  const directory = scratchDirectory("kept")
  const left = await keep(directory)
  left.detach()
  const adopted = await keep(directory)
  const pid = adopted.pid() ?? 0
  process.kill(pid, "SIGKILL")
  const isGone = (): boolean => {
    adopted.check()
    return [undefined, pid].includes(adopted.pid())
  }
  await expect.poll(isGone).toBe(false)
  await adopted.stop()
})

it("adopts the program that an earlier keeper left running, and replaces one of another fingerprint", async () => {
  const directory = scratchDirectory("kept")
  const left = await keep(directory)
  const pid = left.pid()
  const adopted = await keep(directory)
  expect(adopted.adopted).toBe(true)
  expect(adopted.pid()).toBe(pid)
  const replaced = await keep(directory, "2")
  expect(replaced.adopted).toBe(false)
  expect(replaced.pid()).not.toBe(pid)
  await left.stop()
  await adopted.stop()
  await replaced.stop()
})

it("leaves nothing running and nothing remembered after a stop", async () => {
  const directory = scratchDirectory("kept")
  const kept = await keep(directory)
  const pid = kept.pid() ?? 0
  await kept.stop()
  expect(identify(pid)).toBeUndefined()
  expect(() => readFileSync(join(directory, "program.pid"))).toThrow("ENOENT")
})
