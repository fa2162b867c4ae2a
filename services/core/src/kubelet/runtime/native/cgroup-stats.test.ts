import { describe, expect, it } from "vitest"
import { statsOf } from "./cgroup-stats.ts"

describe("what a container uses", () => {
  it("is read from cgroups of either version", () => {
    const first = statsOf({
      ...{ id: "a", atMs: 1, unified: false, cpu: "5000000\n", usage: "1000\n" },
      memory: "rss 1\ninactive_file 7\ntotal_rss 300\ntotal_inactive_file 400\n",
    })
    const second = statsOf({
      ...{ id: "a", atMs: 1, unified: true, cpu: "usage_usec 5000\nuser_usec 1\n", usage: "1000\n" },
      memory: "anon 300\ninactive_file 400\n",
    })
    expect(first).toEqual({
      ...{ id: "a", atMs: 1, cpuNs: 5_000_000 },
      memory: { usageBytes: 1000, workingSetBytes: 600, rssBytes: 300 },
    })
    expect(second).toEqual(first)
  })
})
