import type { Comparison, Instruction, Register, SystemCall, Value } from "./code.ts"
import type { Processor, Resolve } from "./executable.ts"

/** x19 to x24: what the kernel leaves alone. */
const registers: Record<Register, number> = { a: 19, b: 20, c: 21, d: 22, e: 23, result: 24 }
const callRegister = 8
/** Holds a number that does not fit into an instruction. */
const helper = 9
const calls: Record<SystemCall, number> = {
  read: 63,
  write: 64,
  openat: 56,
  exit_group: 94,
  socket: 198,
  ioctl: 29,
  setns: 268,
  pread64: 67,
  pwrite64: 68,
  unshare: 97,
  mount: 40,
  umount2: 39,
}
const conditions: Record<Comparison, number> = { "==": 0, "!=": 1, "<": 11 }
const loads = { 1: 0x39400000, 4: 0xb9800000, 8: 0xf9400000 }
const stores = { 1: 0x39000000, 4: 0xb9000000, 8: 0xf9000000 }
const operations = { add: 0x8b000000, subtract: 0xcb000000, and: 0x8a000000, compare: 0xeb00001f }

/** ARM's processors of 64 bits (Arm Architecture Reference Manual, C6). Each instruction is a word. */
export const arm64: Processor = {
  elfMachine: 183,
  encode: (instruction, at, resolve) => {
    const words = encode(instruction, at, resolve)
    const bytes = Buffer.alloc(words.length * 4)
    for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4)
    return bytes
  },
}

function encode(instruction: Instruction, at: number, resolve: Resolve): number[] {
  switch (instruction.kind) {
    case "label":
      return []
    case "set":
      return set(registers[instruction.to], instruction.value, resolve)
    case "stack":
      return [0x910003e0 | registers[instruction.to]]
    case "add":
    case "subtract": {
      const to = registers[instruction.to]
      return calculate(instruction.kind, to, to, instruction.by, resolve)
    }
    case "and": {
      const to = registers[instruction.to]
      return calculate("and", to, to, instruction.mask, resolve)
    }
    case "shift-right": {
      const to = registers[instruction.to]
      return [0xd340fc00 | (instruction.bits << 16) | (to << 5) | to]
    }
    case "load":
    case "store": {
      const { kind, register, at: base, bytes, offset } = instruction
      const code = (kind === "load" ? loads : stores)[bytes]
      return [code | ((offset / bytes) << 10) | (registers[base] << 5) | registers[register]]
    }
    case "jump":
      return [0x14000000 | wordsTo(instruction.to, at, 26, resolve)]
    case "call":
      return [0x94000000 | wordsTo(instruction.to, at, 26, resolve)]
    case "return":
      return [0xd65f03c0]
    case "branch": {
      const compared = calculate("compare", 0, registers[instruction.left], instruction.right, resolve)
      const distance = wordsTo(instruction.to, at + compared.length * 4, 19, resolve)
      return [...compared, 0x54000000 | (distance << 5) | conditions[instruction.is]]
    }
    case "system": {
      const given = instruction.args.flatMap((value, index) => set(index, value, resolve))
      return [...given, ...set(callRegister, calls[instruction.call], resolve), 0xd4000001, move(registers.result, 0)]
    }
  }
}

function set(to: number, value: Value, resolve: Resolve): number[] {
  if (typeof value === "string") return [move(to, registers[value])]
  const number = typeof value === "number" ? value : resolve(value)
  const low = number & 0xffff
  const high = (number >>> 16) & 0xffff
  // The lower half, with ones above it for a negative number; then the upper half.
  const first = number < 0 ? 0x92800000 | ((low ^ 0xffff) << 5) : 0xd2800000 | (low << 5)
  return [first | to, 0xf2a00000 | (high << 5) | to]
}

function move(to: number, from: number): number {
  return 0xaa0003e0 | (from << 16) | to
}

function calculate(
  operation: keyof typeof operations,
  to: number,
  left: number,
  by: number | Register,
  resolve: Resolve,
): number[] {
  const code = operations[operation] | (left << 5) | to
  if (typeof by === "string") return [code | (registers[by] << 16)]
  return [...set(helper, by, resolve), code | (helper << 16)]
}

function wordsTo(label: string, at: number, bits: number, resolve: Resolve): number {
  return ((resolve(label) - at) / 4) & (2 ** bits - 1)
}
