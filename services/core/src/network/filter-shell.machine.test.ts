import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { afterAll, describe, expect, it } from "vitest"
import { FilterShell } from "./filter-shell.ts"

const table = `wick-${process.pid.toString(16).slice(-6)}`
const nft = (...words: string[]): string => execFileSync("nft", words, { encoding: "utf8" })

/** Of shells that this process has started and that carry out transactions. */
function shells(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => stat(pid)[1] === String(process.pid) && commandLine(pid).includes("nft -f -"))
}
const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}
const commandLine = (pid: number): string => read(`/proc/${pid}/cmdline`)
const stat = (pid: number): string[] =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, "")
    .split(" ")

describe("transactions of the packet filter", () => {
  const filter = new FilterShell(systemClock)
  afterAll(() => {
    filter[Symbol.dispose]()
    nft("add", "table", "ip", table)
    nft("delete", "table", "ip", table)
  })

  it("hold when they are answered, blocks of lines too", async () => {
    await filter.apply(`table ip ${table} {\n  set one {\n    type ipv4_addr\n  }\n  chain first {\n  }\n}\n`)
    await filter.apply(`add element ip ${table} one { 10.0.0.1 }\nadd rule ip ${table} first ip saddr @one accept\n`)
    expect(nft("list", "table", "ip", table)).toMatch(/10\.0\.0\.1.*ip saddr @one accept/s)
  })

  it("are refused in nft's own words, and then not one of their commands holds", async () => {
    const refused = filter.apply(`add chain ip ${table} second\nadd element ip ${table} nowhere { 10.0.0.2 }\n`)
    await expect(refused).rejects.toThrow(/nft -f -: .*No such file or directory/s)
    expect(nft("list", "table", "ip", table)).not.toContain("second")
    await filter.apply(`add chain ip ${table} third\n`)
    expect(nft("list", "table", "ip", table)).toContain("third")
  })

  it("have one shell, and another when that was killed", async () => {
    const [first, ...more] = shells()
    expect(more).toEqual([])
    process.kill(first as number, "SIGKILL")
    // Until its end is heard of, the shell that was killed is asked.
    await expect.poll(() => filter.apply(`add chain ip ${table} fourth\n`).catch(String)).toBeUndefined()
    expect(nft("list", "table", "ip", table)).toContain("fourth")
    expect(shells()).toHaveLength(1)
  })

  it("that do not end are given up with their shell", async () => {
    const clock = new SimulatedClock()
    const others = shells()
    using stuck = new FilterShell(clock)
    await stuck.apply(`add chain ip ${table} fifth\n`)
    const [shell] = shells().filter((pid) => !others.includes(pid)) as [number]
    process.kill(shell, "SIGSTOP")
    const given = expect(stuck.apply(`add chain ip ${table} sixth\n`)).rejects.toThrow("no end within 10000 ms")
    await clock.advance(10_000)
    await given
    await expect.poll(() => shells().includes(shell)).toBe(false)
  })

  it("leave no shell behind", async () => {
    filter[Symbol.dispose]()
    await expect.poll(shells).toEqual([])
  })
})
