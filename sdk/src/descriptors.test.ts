import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { descriptorLimit, limitIn } from "./descriptors.ts"

describe("the limit of open files", () => {
  it("is read as the kernel tells it, and is the one that cannot be passed", async () => {
    const { stdout } = await promisify(execFile)("sh", ["-c", "ulimit -Sn 64; ulimit -Hn 128; cat /proc/self/limits"])
    expect(limitIn(stdout)).toBe(128)
    expect(descriptorLimit()).toBeGreaterThan(128)
  })

  it("may be none", () => {
    expect(limitIn("Limit  Soft Limit  Hard Limit\nMax open files            1024   unlimited   files\n")).toBe(
      Number.POSITIVE_INFINITY,
    )
  })
})
