import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { dropReadOnlyProgram, readOnlyProgram, readOnlyProgramEnv } from "./read-only-program.ts"

let directory: string
let program: string
let place: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wick-read-only-"))
  program = join(directory, "crun")
  place = join(directory, "programs", "crun")
  copyFileSync("/usr/bin/crun", program)
})
afterEach(async () => {
  await dropReadOnlyProgram(place)
  rmSync(directory, { recursive: true })
})

const mounts = (): string[] => {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n")
  return lines.map((line) => line.split(" ")[4] ?? "").filter((point) => point === place)
}

it("a program is run where nobody can write it, and no copy of it is made for that", async () => {
  expect(await readOnlyProgram(program, place)).toBe(place)
  expect(() => openSync(place, "r+")).toThrow("EROFS")
  // The loader tells of each program that it begins; a copy would be the second.
  const env = { ...process.env, ...readOnlyProgramEnv, LD_DEBUG: "files" }
  const told = spawnSync(place, ["--version"], { env, encoding: "utf8" }).stderr
  expect(told.match(/initialize program: /g)).toHaveLength(1)
})

it("it is shown once, and anew when an update has put another in its place", async () => {
  await readOnlyProgram(program, place)
  await readOnlyProgram(program, place)
  expect(mounts()).toHaveLength(1)
  copyFileSync("/bin/true", join(directory, "new"))
  renameSync(join(directory, "new"), program)
  expect(await readOnlyProgram(program, place)).toBe(place)
  expect(mounts()).toHaveLength(1)
  expect(execFileSync(place).length).toBe(0)
})

it("it is run from its own place where it cannot be shown, and nothing is left of what could", async () => {
  await readOnlyProgram(program, place)
  await dropReadOnlyProgram(place)
  expect([mounts(), existsSync(place)]).toEqual([[], false])
  expect(await readOnlyProgram(program, join(program, "no-directory"))).toBe(program)
})
