import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { parseUsage } from "../stats/node-usage.ts"
import { parseStat, processStats } from "./process-stats.ts"

describe("what processes use", () => {
  it("is read behind a name that holds anything", () => {
    const fields = "S 1 77 77 0 -1 4194560 100 0 0 0 12 30 4 5 20 0 1 0 100 9000000 250 18446744073709551615"
    expect(parseStat(`42 (a) (b c) ${fields}`)).toEqual({ group: 77, ticks: 51, pages: 250 })
    expect(parseStat("")).toBeUndefined()
  })

  it("is the sum of their group", async () => {
    const child = spawn("sh", ["-c", "while :; do :; done & while :; do :; done"], { detached: true })
    const pid = child.pid ?? 0
    try {
      const cpuNs = async (): Promise<number> => (await processStats(new Map([[pid, "id"]]), 5))[0]?.cpuNs ?? 0
      await expect.poll(cpuNs).toBeGreaterThan(1e8)
      const [stats] = await processStats(new Map([[pid, "id"]]), 5)
      expect(stats).toMatchObject({ id: "id", atMs: 5 })
      expect(stats?.memory.rssBytes).toBeGreaterThan(100_000)
    } finally {
      const ended = once(child, "exit")
      process.kill(-pid, "SIGKILL")
      await ended
    }
  })

  it("is reckoned of a machine without what it caches and has not read for long", () => {
    const stat = "cpu  100 20 30 9999 50 5 6 7 0 0\ncpu0 1 1 1 1\nbtime 1700000000\n"
    const meminfo = "MemTotal: 1000 kB\nMemFree: 200 kB\nInactive(file): 300 kB\nAnonPages: 100 kB\n"
    expect(parseUsage(stat, meminfo)).toEqual({
      cores: 1,
      cpuNs: 161 * 1e7,
      memory: { workingSetBytes: 500 * 1_024, usageBytes: 800 * 1_024, rssBytes: 100 * 1_024 },
      availableBytes: 500 * 1_024,
      bootSeconds: 1_700_000_000,
    })
  })
})
