import { describe, expect, it } from "vitest"
import { arm64 } from "./arm64.ts"
import { after, Code, type Instruction } from "./code.ts"
import { executable } from "./executable.ts"
import { x64 } from "./x64.ts"

/** An instruction at address 4096, with every label at 4352 and every place at 6295056: as GNU's assembler has it. */
const encodings: [string, (code: Code) => void, string, string][] = [
  ["a number", (code) => code.set("a", 0x0aea0007), "48c7c30700ea0a", "f30080d2 535da1f2"],
  ["a negative number", (code) => code.set("e", -17), "49c7c7efffffff", "17028092 f7ffbff2"],
  ["a place", (code) => code.set("b", { region: "x", offset: 0 }), "48c7c5100e6000", "14c281d2 140ca0f2"],
  ["a register", (code) => code.set("c", "result"), "4d89e5", "f50318aa"],
  ["the stack", (code) => code.stack("a"), "4889e3", "f3030091"],
  ["a sum", (code) => code.add("b", "d"), "4c01f5", "9402168b"],
  ["a difference", (code) => code.subtract("c", 1), "4981ed01000000", "290080d2 0900a0f2 b50209cb"],
  ["a byte", (code) => code.byteAbove("d", 24), "49c1ee18 4981e6ff000000", "d6fe58d3 e91f80d2 0900a0f2 d602098a"],
  ["a byte of memory", (code) => code.load("d", 1, "c", 1), "450fb6b501000000", "b6064039"],
  ["four bytes of memory", (code) => code.load("result", 4, "a", 16), "4c63a310000000", "781280b9"],
  ["eight bytes of memory", (code) => code.load("b", 8, "a"), "488bab00000000", "740240f9"],
  ["a byte to memory", (code) => code.store("result", 1, "b"), "4488a500000000", "98020039"],
  ["four bytes to memory", (code) => code.store("a", 4, "e", 4), "41899f04000000", "f30600b9"],
  ["eight bytes to memory", (code) => code.store("c", 8, "d", 8), "4d89ae08000000", "d50600f9"],
  ["a jump", (code) => code.jump("there"), "e9fb000000", "40000014"],
  ["a call", (code) => code.call("there"), "e8fb000000", "40000094"],
  ["a return", (code) => code.return(), "c3", "c0035fd6"],
  ["a comparison", (code) => code.branch("b", "==", "c", "there"), "4c39ed 0f84f7000000", "9f0215eb e0070054"],
  [
    "a comparison with a number",
    (code) => code.branch("result", "<", 0, "there"),
    "4981fc00000000 0f8cf3000000",
    "090080d2 0900a0f2 1f0309eb ab070054",
  ],
  [
    "a call of the kernel",
    (code) => code.system("setns", "a", 1),
    "4889df 48c7c601000000 48c7c034010000 0f05 4989c4",
    "e00313aa 210080d2 0100a0f2 882180d2 0800a0f2 010000d4 f80300aa",
  ],
]

describe("machine code", () => {
  const resolve = (what: unknown): number => (typeof what === "string" ? 4352 : 6295056)
  const assembled = (processor: typeof x64, instructions: readonly Instruction[]): string => {
    let at = 4096
    const parts = instructions.map((instruction) => {
      const bytes = processor.encode(instruction, at, resolve)
      at += bytes.length
      return bytes.toString("hex")
    })
    return parts.join("")
  }

  it.each(encodings)("says %s on both processors", (_, write, forX64, forArm64) => {
    const code = new Code()
    write(code)
    expect(assembled(x64, code.instructions)).toBe(forX64.replaceAll(" ", ""))
    expect(assembled(arm64, code.instructions)).toBe(forArm64.replaceAll(" ", ""))
  })

  it("is a static executable whose memory is apart from its code and no more to be executed than that is to be written", () => {
    const code = new Code()
    code.system("write", 1, after(code.text("a word"), 2), 4)
    for (const architecture of ["x64", "arm64"]) {
      const file = executable(architecture, code)
      expect(file?.subarray(0, 4).toString("latin1")).toBe("\x7fELF")
      const segments = [64, 120].map((at) => file?.readUInt32LE(at + 4))
      expect(segments).toEqual([5, 6])
      const memory = Number(file?.readBigUInt64LE(120 + 8))
      expect(file?.subarray(memory, memory + 6).toString()).toBe("a word")
    }
    expect(executable("pdp11", code)).toBeUndefined()
  })
})
