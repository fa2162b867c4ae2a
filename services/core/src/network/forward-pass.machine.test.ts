import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const namespace = `wick-pass-${process.pid}`
const inside = (command: string, args: string[], input = ""): string =>
  execFileSync("ip", ["netns", "exec", namespace, command, ...args], { input, encoding: "utf8" })
const rules = (): string => inside("nft", ["list", "ruleset"])

/** Calls a function of the module in the namespace, where another program's firewall can be played. */
function call(expression: string): string {
  const module = new URL("./forward-pass.ts", import.meta.url).href
  const ranges = "{ pods: { first: 0x0aea0000, prefix: 16 }, services: { first: 0x0aeb0000, prefix: 16 } }"
  const script = `const { inTheWay, letPass, listChains, stopPassing } = await import("${module}"); const ranges = ${ranges}; console.log(await ${expression})`
  return inside(process.execPath, ["--input-type=module", "-e", script]).trim()
}
const letPass = `letPass("wick-abc", ranges, ["10.234.0.1", "10.235.0.10"])`

describe("a firewall of another program that refuses what it does not know", () => {
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
        chain end { type filter hook forward priority 10; policy accept; ct state established accept; counter reject with icmpx admin-prohibited; }
        chain mind { type filter hook forward priority filter; policy accept; }
      }`,
    )
  })
  afterAll(() => void execFileSync("ip", ["netns", "delete", namespace]))

  it("lets the pod network pass, however often it is asked", () => {
    const before = rules()
    call(letPass)
    call(letPass)
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(7)
    expect(rules()).toMatch(/hook output [^}]*ip daddr 10\.234\.0\.0\/16 .*accept comment "wick-abc"\n\s*oif "lo"/)
    expect(rules()).toMatch(/ip saddr 10\.234\.0\.0\/16 ip daddr \{ 10\.234\.0\.1, 10\.235\.0\.10 \} .*accept/)
    call(`stopPassing("wick-abc")`)
    expect(rules()).toBe(before)
  })

  it("is seen to have lost its rules when it was made anew", () => {
    const lacking = `(await inTheWay("wick-abc", await listChains())).join()`
    const ours = "inet administrator in,inet administrator out,inet administrator end"
    expect(call(lacking)).toBe(`ip filter INPUT,ip filter FORWARD,${ours}`)
    call(letPass)
    expect(call(lacking)).toBe("")
    inside("nft", ["flush", "chain", "inet", "administrator", "in"])
    expect(call(lacking)).toBe("inet administrator in")
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
      const watched = watchFilter({ table: "wick-abc", clock, log: silentLog, restoreTable, closed: [], letPass: async () => {
        done.push("rules")
        const closed = await ${letPass}
        told.resolve()
        return closed
      } })
      await clock.advance(30_000)
      await told.promise
      await watched[Symbol.asyncDispose]()
      return done.join(" ")
    })()`
    expect(call(story)).toBe("table rules")
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(7)
  })

  it("is told of where it takes no rules of others, and lets others' chains have theirs", async () => {
    // A table that is its program's own as long as that runs, as firewalld has it.
    const keeper = spawn("ip", ["netns", "exec", namespace, "nft", "-i"], { stdio: ["pipe", "ignore", "inherit"] })
    const ended = once(keeper, "close")
    keeper.stdin.write("add table inet kept { flags owner; }\n")
    keeper.stdin.write("add chain inet kept last { type filter hook forward priority 20; policy accept; }\n")
    keeper.stdin.write("add rule inet kept last reject\n")
    await expect.poll(rules).toMatch(/chain last [^}]*reject/)
    expect(call(`(await ${letPass}).join()`)).toBe("inet kept last")
    expect(call(`(await inTheWay("wick-abc", await listChains())).join()`)).toBe("inet kept last")
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(7)
    keeper.stdin.end()
    await ended
  })
})
