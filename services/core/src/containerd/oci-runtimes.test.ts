import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { ociRuntimes } from "./oci-runtimes.ts"

const directory = mkdtempSync(join(tmpdir(), "wick-oci-runtimes-"))
afterAll(() => rmSync(directory, { recursive: true }))

it("makes containers by runc where crun is not installed, or is no program", async () => {
  const runc = { name: "runc", binary: "runc", state: "/w/runc" }
  expect(await ociRuntimes("/w", `/nowhere:${directory}`)).toEqual([runc])
  writeFileSync(join(directory, "crun"), "", { mode: 0o644 })
  expect(await ociRuntimes("/w", directory)).toEqual([runc])
})
