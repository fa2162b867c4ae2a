import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { namespacePlugin } from "#network"
import { usualMaker } from "./open-runtime.ts"

let programs: string
beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), "wick-programs-"))
})
afterEach(() => rmSync(programs, { recursive: true }))

it("containers are made by containerd's own API", () => {
  writeFileSync(join(programs, namespacePlugin), "")
  expect(usualMaker({ owner: undefined, cniBinDirs: [programs] })).toBe("containerd")
})

it("CRI makes them in a containerd that others use too", () => {
  writeFileSync(join(programs, namespacePlugin), "")
  expect(usualMaker({ owner: "wick-1", cniBinDirs: [programs] })).toBe("cri")
})

it("CRI makes them where programs of ours cannot run, so that a start does not fail there", () => {
  expect(usualMaker({ owner: undefined, cniBinDirs: [programs] })).toBe("cri")
})
