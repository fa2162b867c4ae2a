import { execFileSync } from "node:child_process"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const namespace = `wick-pass-${process.pid}`
const inside = (command: string, args: string[], input = ""): string =>
  execFileSync("ip", ["netns", "exec", namespace, command, ...args], { input, encoding: "utf8" })
const rules = (): string => inside("nft", ["list", "table", "ip", "filter"])

/** Calls a function of the module in the namespace, where another program's firewall can be played. */
function call(expression: string): void {
  const module = new URL("./forward-pass.ts", import.meta.url).href
  const ranges = "{ pods: { first: 0x0aea0000, prefix: 16 }, services: { first: 0x0aeb0000, prefix: 16 } }"
  const script = `const { letPass, stopPassing } = await import("${module}"); const ranges = ${ranges}; await ${expression}`
  inside(process.execPath, ["--input-type=module", "-e", script])
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
      }`,
    )
  })
  afterAll(() => void execFileSync("ip", ["netns", "delete", namespace]))

  it("lets the pod network pass, however often it is asked", () => {
    const before = rules()
    call(letPass)
    call(letPass)
    expect(rules().match(/comment "wick-abc"/g)).toHaveLength(3)
    expect(rules()).toMatch(/ip saddr 10\.234\.0\.0\/16 ip daddr \{ 10\.234\.0\.1, 10\.235\.0\.10 \} .*accept/)
    call(`stopPassing("wick-abc")`)
    expect(rules()).toBe(before)
  })
})
