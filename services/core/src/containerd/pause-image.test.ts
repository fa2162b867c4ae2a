import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { pauseImage } from "./pause-image.ts"
import { pauseProgram } from "./pause-program.ts"

it("writes a program that this machine runs until it is killed", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wick-pause-"))
  try {
    const path = join(directory, "pause")
    writeFileSync(path, pauseProgram(process.arch) ?? "", { mode: 0o755 })
    const child = spawn(path)
    await new Promise((resolve) => child.once("spawn", resolve))
    const ended = new Promise((resolve) => child.once("exit", (_code, signal) => resolve(signal)))
    child.kill("SIGTERM")
    expect(await ended).toBe("SIGTERM")
  } finally {
    rmSync(directory, { recursive: true })
  }
})

it("has a manifest that keeps every blob of the image", () => {
  const image = pauseImage("x64")
  expect(image.manifest.refersTo).toEqual(image.blobs.map(({ digest }) => digest).reverse())
})

it("knows the architectures that the project's Node comes for", () => {
  expect(pauseProgram("x64")?.subarray(0, 4).toString("latin1")).toBe("\x7fELF")
  expect(pauseProgram("arm64")?.readUInt16LE(18)).toBe(183)
  expect(pauseProgram("mips")).toBeUndefined()
})
