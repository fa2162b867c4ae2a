import { execFileSync } from "node:child_process"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const namespace = `wick-pass-${process.pid}`
const inside = (command: string, args: string[], input = ""): string =>
  execFileSync("ip", ["netns", "exec", namespace, command, ...args], { input, encoding: "utf8" })
const rules = (): string => inside("nft", ["list", "ruleset"])

/** Calls a function of the module in the namespace, where another program's firewall can be played. */
function call(expression: string): string {
  const module = new URL("./forward-pass.ts", import.meta.url).href
  const ranges = "{ pods: { first: 0x0aea0000, prefix: 16 }, services: { first: 0x0aeb0000, prefix: 16 } }"
  const script = `const { letPass, listChains, mayPass, stopPassing } = await import("${module}"); const ranges = ${ranges}; console.log(await ${expression})`
  return inside(process.execPath, ["--input-type=module", "-e", script]).trim()
}
const letPass = `letPass("wick-abc", ranges, ["10.234.0.1", "10.235.0.10"])`

describe("a firewall of another program that drops what it does not know", () => {
  beforeAll(() => {
    execFileSync("ip", ["netns", "add", namespace])
    inside(
      "nft",
      ["-f", "-"],
      `table ip filter {
        chain INPUT { type filter hook input priority filter; policy drop; }
        chain FORWARD { type filter hook forward priority filter; policy drop; oifname "docker0" accept; }
      }
      table inet administrator {
        chain in { type filter hook input priority filter; policy drop; iif "lo" accept; }
        chain out { type filter hook output priority filter; policy drop; oif "lo" accept; }
        chain mind { type filter hook forward priority filter; policy accept; }
      }`,
    )
  })
  afterAll(() => void execFileSync("ip", ["netns", "delete", namespace]))

  it("lets the pod network pass, however often it is asked", () => {
    const before = rules()
    call(letPass)
    call(letPass)
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(5)
    expect(rules()).toMatch(/hook output [^}]*ip daddr 10\.234\.0\.0\/16 .*accept comment "wick-abc"\n\s*oif "lo"/)
    expect(rules()).toMatch(/ip saddr 10\.234\.0\.0\/16 ip daddr \{ 10\.234\.0\.1, 10\.235\.0\.10 \} .*accept/)
    call(`stopPassing("wick-abc")`)
    expect(rules()).toBe(before)
  })

  it("is seen to have lost its rules when it was made anew", () => {
    const passes = `mayPass("wick-abc", await listChains())`
    expect(call(passes)).toBe("false")
    call(letPass)
    expect(call(passes)).toBe("true")
    inside("nft", ["flush", "chain", "inet", "administrator", "in"])
    expect(call(passes)).toBe("false")
  })

  it("finds its rules again by a watch, which also misses a table that is gone", () => {
    inside("nft", ["flush", "chain", "inet", "administrator", "in"])
    const watch = new URL("./filter-watch.ts", import.meta.url).href
    const story = `(async () => {
      const { watchFilter } = await import("${watch}")
      const { SimulatedClock } = await import("@wick/sdk/clock")
      const { silentLog } = await import("@wick/sdk/log")
      const clock = new SimulatedClock()
      const done = []
      const told = Promise.withResolvers()
      const restoreTable = async () => void done.push("table")
      const watched = watchFilter({ table: "wick-abc", clock, log: silentLog, restoreTable, letPass: async () => {
        await ${letPass}
        done.push("rules")
        told.resolve()
      } })
      await clock.advance(30_000)
      await told.promise
      await watched[Symbol.asyncDispose]()
      return done.join(" ")
    })()`
    expect(call(story)).toBe("table rules")
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(5)
  })
})
