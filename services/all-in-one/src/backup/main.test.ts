import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"

const program = join(import.meta.dirname, "main.ts")
const node = ["--disable-warning=ExperimentalWarning"]

it.each(["list", "verify", "restore"])("%s of a place where there is no backup says so, and fails", async (verb) => {
  const place = mkdtempSync(join(tmpdir(), "wick-no-backup-"))
  const said = await new Promise((resolve) => {
    const args = [...node, program, verb, `--from=file://${place}`, `--home=${place}/home`]
    execFile(process.execPath, args, (error, stdout, stderr) => resolve({ code: error?.code, stdout, stderr }))
  })
  rmSync(place, { recursive: true })
  const stderr = expect.stringContaining(`error: there is no backup at ${place}`)
  expect(said).toEqual({ code: 1, stdout: "", stderr })
})
