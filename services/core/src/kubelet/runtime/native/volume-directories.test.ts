import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { within } from "./volume-directories.ts"

const root = mkdtempSync(join(tmpdir(), "wick-image-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

it("a directory of an image is found by the links within it, which never lead out of it", async () => {
  mkdirSync(join(root, "srv", "data"), { recursive: true })
  symlinkSync("/srv", join(root, "var"))
  symlinkSync("../../../../srv/data", join(root, "srv", "up"))
  expect(await within(root, "/var/data")).toBe(join(root, "srv", "data"))
  expect(await within(root, "/var/up/")).toBe(join(root, "srv", "data"))
  expect(await within(root, "../../srv")).toBe(join(root, "srv"))
})

it("what is no directory, not there, or only links is none", async () => {
  writeFileSync(join(root, "file"), "")
  symlinkSync("round", join(root, "round"))
  for (const path of ["/file", "/file/data", "/none", "/round"]) expect(await within(root, path)).toBeUndefined()
})
