import { describe, expect, it } from "vitest"
import { hears, signalNumber } from "./first-process.ts"

const status = ({ pids = "4711\t1", caught = 0n, blocked = 0n, ignored = 0n }) => {
  const mask = (bits: bigint): string => bits.toString(16).padStart(16, "0")
  return `Name:\tnode\nState:\tS (sleeping)\nPid:\t4711\nNSpid:\t${pids}\nThreads:\t11\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t${mask(blocked)}\nSigIgn:\t${mask(ignored)}\nSigCgt:\t${mask(caught)}\nCapInh:\t0000000000000000\n`
}
const sigterm = 15
const bit = 1n << 14n

describe("the first process of a container", () => {
  it.each([
    { name: "does not hear a signal that it has said nothing of", status: status({}), is: false },
    { name: "does not hear one that it ignores", status: status({ ignored: bit }), is: false },
    { name: "does not hear one because it catches others", status: status({ caught: ~bit & 0xffffn }), is: false },
    { name: "hears one that it catches", status: status({ caught: bit }), is: true },
    { name: "finds one that it blocks waiting for it", status: status({ blocked: bit }), is: true },
    {
      name: "is ended by any when it is not the first of its namespace",
      status: status({ pids: "4711\t8" }),
      is: true,
    },
    { name: "is ended by any on the machine's own numbers", status: status({ pids: "4711" }), is: true },
    { name: "is not waited for when it is gone", status: "", is: true },
  ])("$name", ({ status, is }) => {
    expect(hears(status, sigterm)).toBe(is)
  })

  it("is told to stop by the signal that its image names, or by SIGTERM", () => {
    const named = ["", "SIGINT", "quit", "9", "SIGRTMIN+3", "SIGNONSENSE"].map((name) => signalNumber(name))
    expect(named).toEqual([15, 2, 3, 9, 37, 15])
    expect(signalNumber(undefined)).toBe(15)
  })
})
