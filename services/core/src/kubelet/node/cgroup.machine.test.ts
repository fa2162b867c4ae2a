import { existsSync, readFileSync } from "node:fs"
import { systemClock } from "@wick/sdk/clock"
import { afterEach, describe, expect, it } from "vitest"
import { removeCgroup, weighCgroup } from "./cgroup.ts"

const path = `/wick-test-${process.pid}`
const shares = `/sys/fs/cgroup/cpu${path}/cpu.shares`
const weight = `/sys/fs/cgroup${path}/cpu.weight`

describe("a node's cgroup", () => {
  afterEach(async () => {
    await removeCgroup(path, systemClock)
  })

  it("weighs as many processes as the node has processors, and no more than the kernel takes", async () => {
    await weighCgroup(path, 4)
    const [file, each, most] = existsSync(shares) ? [shares, 1_024, 262_144] : [weight, 100, 10_000]
    expect(Number(readFileSync(file, "utf8"))).toBe(4 * each)
    await weighCgroup(path, 1_000)
    expect(Number(readFileSync(file, "utf8"))).toBe(most)
  })

  it("says so when cgroups may not be changed", async () => {
    await expect(weighCgroup(path, 2, "/proc/self/nothing")).rejects.toThrow("/proc/self/nothing")
  })
})
