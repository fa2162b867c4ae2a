import type { Comparison, Instruction, Register, SystemCall, Value } from "./code.ts"
import type { Processor, Resolve } from "./executable.ts"

/** rbx, rbp, r13, r14, r15: what the kernel leaves alone and needs no further byte to be an address; and r12. */
const registers: Record<Register, number> = { a: 3, b: 5, c: 13, d: 14, e: 15, result: 12 }
/** rdi, rsi, rdx, r10, r8, r9. */
const argumentRegisters = [7, 6, 2, 10, 8, 9]
const rax = 0
const rsp = 4
const calls: Record<SystemCall, number> = {
  read: 0,
  write: 1,
  openat: 257,
  exit_group: 231,
  socket: 41,
  ioctl: 16,
  setns: 308,
  pread64: 17,
  pwrite64: 18,
  unshare: 272,
  mount: 165,
  umount2: 166,
}
const conditions: Record<Comparison, number> = { "==": 0x84, "!=": 0x85, "<": 0x8c }
const loads = { 1: [0x0f, 0xb6], 4: [0x63], 8: [0x8b] }
const stores = { 1: [0x88], 4: [0x89], 8: [0x89] }
/** Operations with a number: the second part of their code. Those with a register have a code of their own. */
const withNumber = { add: 0, and: 4, subtract: 5, compare: 7 }
const withRegister = { add: 0x01, subtract: 0x29, compare: 0x39, move: 0x89 }

/** Intel's and AMD's processors of 64 bits (Intel 64 Architectures Software Developer's Manual, volume 2). */
export const x64: Processor = {
  elfMachine: 62,
  encode: (instruction, at, resolve) => Buffer.from(encode(instruction, at, resolve)),
}

function encode(instruction: Instruction, at: number, resolve: Resolve): number[] {
  switch (instruction.kind) {
    case "label":
      return []
    case "set":
      return set(registers[instruction.to], instruction.value, resolve)
    case "stack":
      return both(withRegister.move, rsp, registers[instruction.to])
    case "add":
    case "subtract":
      return calculate(instruction.kind, registers[instruction.to], instruction.by)
    case "and":
      return calculate("and", registers[instruction.to], instruction.mask)
    case "shift-right": {
      const to = registers[instruction.to]
      return [rex(1, 0, to), 0xc1, 0xe8 | (to & 7), instruction.bits]
    }
    case "load":
    case "store": {
      const { kind, register, at: base, bytes, offset } = instruction
      const code = (kind === "load" ? loads : stores)[bytes]
      const wide = bytes === 8 || (kind === "load" && bytes === 4) ? 1 : 0
      return memory(wide, code, registers[register], registers[base], offset)
    }
    case "jump":
      return [0xe9, ...word(resolve(instruction.to) - (at + 5))]
    case "call":
      return [0xe8, ...word(resolve(instruction.to) - (at + 5))]
    case "return":
      return [0xc3]
    case "branch": {
      const compared = calculate("compare", registers[instruction.left], instruction.right)
      const end = at + compared.length + 6
      return [...compared, 0x0f, conditions[instruction.is], ...word(resolve(instruction.to) - end)]
    }
    case "system": {
      const given = instruction.args.flatMap((value, index) => set(argumentRegisters[index] ?? 0, value, resolve))
      const call = [...set(rax, calls[instruction.call], resolve), 0x0f, 0x05]
      return [...given, ...call, ...both(withRegister.move, rax, registers.result)]
    }
  }
}

function set(to: number, value: Value, resolve: Resolve): number[] {
  if (typeof value === "string") return both(withRegister.move, registers[value], to)
  const number = typeof value === "number" ? value : resolve(value)
  return [rex(1, 0, to), 0xc7, 0xc0 | (to & 7), ...word(number)]
}

function calculate(operation: keyof typeof withNumber, to: number, by: number | Register): number[] {
  if (typeof by === "number") return [rex(1, 0, to), 0x81, 0xc0 | (withNumber[operation] << 3) | (to & 7), ...word(by)]
  if (operation === "and") throw new Error("a mask is a number")
  return both(withRegister[operation], registers[by], to)
}

/** An operation from one register to another. */
function both(code: number, from: number, to: number): number[] {
  return [rex(1, from, to), code, 0xc0 | ((from & 7) << 3) | (to & 7)]
}

function memory(wide: 0 | 1, code: readonly number[], register: number, base: number, offset: number): number[] {
  return [rex(wide, register, base), ...code, 0x80 | ((register & 7) << 3) | (base & 7), ...word(offset)]
}

/** The byte before an operation that says how wide it is, and has the fourth bits of the registers' numbers. */
function rex(wide: 0 | 1, register: number, base: number): number {
  return 0x40 | (wide << 3) | ((register >> 3) << 2) | (base >> 3)
}

function word(value: number): number[] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255]
}
