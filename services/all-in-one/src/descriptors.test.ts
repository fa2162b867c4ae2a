import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { descriptorLimit } from "./descriptors.ts"

describe("the limit of open files", () => {
  it("is read as the kernel tells it, and is the one that cannot be passed", async () => {
    const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -Sn 64; ulimit -Hn 128; cat /proc/self/limits"])
    expect(descriptorLimit(stdout)).toBe(128)
    expect(descriptorLimit(readFileSync("/proc/self/limits", "utf8"))).toBeGreaterThan(128)
  })

  it("may be none", () => {
    expect(descriptorLimit("Limit  Soft Limit  Hard Limit\nMax open files            1024   unlimited   files\n")).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
})
