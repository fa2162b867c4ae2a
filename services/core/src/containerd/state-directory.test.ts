import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { stateDirectory } from "./state-directory.ts"

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "wick-state-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe("containerd's state", () => {
  it("is where it is wanted when nothing runs", async () => {
    const [own, wanted] = [join(home, "own"), join(home, "memory", "containerd")]
    mkdirSync(join(own, "run", "io.containerd.runtime.v2.task", "k8s.io"), { recursive: true })
    expect(await stateDirectory(own, wanted)).toBe(wanted)
    expect(existsSync(wanted)).toBe(true)
  })

  it("stays where containers run that were started there", async () => {
    const [own, wanted] = [join(home, "own"), join(home, "memory", "containerd")]
    mkdirSync(join(own, "run", "io.containerd.runtime.v2.task", "k8s.io", "a"), { recursive: true })
    expect(await stateDirectory(own, wanted)).toBe(own)
    expect(existsSync(wanted)).toBe(false)
  })
})
