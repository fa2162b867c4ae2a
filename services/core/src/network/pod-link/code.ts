/**
 * A program in the words that both processors have: registers, memory, jumps, and calls of the kernel. It is written
 * once and becomes machine code in `x64.ts` and `arm64.ts`.
 */

/** `result` has what the kernel answered last; it holds no address. All keep their values over calls of the kernel. */
export type Register = Pointer | "result"
export type Pointer = "a" | "b" | "c" | "d" | "e"

/** An address in the program's memory. */
export interface Place {
  readonly region: string
  readonly offset: number
}

/** Numbers are of 32 bits, with a sign. */
export type Value = number | Register | Place

export type SystemCall =
  | "read"
  | "write"
  | "openat"
  | "exit_group"
  | "socket"
  | "ioctl"
  | "setns"
  | "pread64"
  | "pwrite64"
  | "unshare"
  | "mount"
  | "umount2"

/** Registers are of 64 bits. Four bytes are loaded with their sign. */
export type Instruction =
  | { readonly kind: "set"; readonly to: Register; readonly value: Value }
  /** Where the kernel has put arguments and environment; only at the start. */
  | { readonly kind: "stack"; readonly to: Register }
  | { readonly kind: "add" | "subtract"; readonly to: Register; readonly by: number | Register }
  | { readonly kind: "and"; readonly to: Register; readonly mask: number }
  | { readonly kind: "shift-right"; readonly to: Register; readonly bits: number }
  | {
      readonly kind: "load" | "store"
      readonly register: Register
      readonly at: Pointer
      readonly offset: number
      readonly bytes: 1 | 4 | 8
    }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "jump" | "call"; readonly to: string }
  /** Only from what calls nothing itself: a processor may remember but one way back. */
  | { readonly kind: "return" }
  | {
      readonly kind: "branch"
      readonly left: Register
      readonly is: Comparison
      readonly right: number | Register
      readonly to: string
    }
  | { readonly kind: "system"; readonly call: SystemCall; readonly args: readonly Value[] }

export type Comparison = "==" | "!=" | "<"

/** Collects the instructions of a program and the memory that they work on. */
export class Code {
  readonly instructions: Instruction[] = []
  readonly regions = new Map<string, Buffer>()
  #labels = 0

  /** Memory that begins with these bytes. */
  region(name: string, bytes: Buffer): Place {
    this.regions.set(name, bytes)
    return { region: name, offset: 0 }
  }

  space(name: string, bytes: number): Place {
    return this.region(name, Buffer.alloc(bytes))
  }

  /** A text that ends with a zero; the same text is there once. */
  text(words: string): Place {
    return this.region(`text ${words}`, Buffer.from(`${words}\0`))
  }

  /** A name for a place in the code that no other has. */
  freshLabel(): string {
    this.#labels += 1
    return `${this.#labels}`
  }

  label(name: string): void {
    this.instructions.push({ kind: "label", name })
  }

  set(to: Register, value: Value): void {
    this.instructions.push({ kind: "set", to, value })
  }

  stack(to: Register): void {
    this.instructions.push({ kind: "stack", to })
  }

  add(to: Register, by: number | Register): void {
    this.instructions.push({ kind: "add", to, by })
  }

  subtract(to: Register, by: number | Register): void {
    this.instructions.push({ kind: "subtract", to, by })
  }

  /** The byte of `to` that has `bits` bits below it. */
  byteAbove(to: Register, bits: number): void {
    this.instructions.push({ kind: "shift-right", to, bits }, { kind: "and", to, mask: 255 })
  }

  load(register: Register, bytes: 1 | 4 | 8, at: Pointer, offset = 0): void {
    this.instructions.push({ kind: "load", register, at, offset, bytes })
  }

  store(register: Register, bytes: 1 | 4 | 8, at: Pointer, offset = 0): void {
    this.instructions.push({ kind: "store", register, at, offset, bytes })
  }

  jump(to: string): void {
    this.instructions.push({ kind: "jump", to })
  }

  call(to: string): void {
    this.instructions.push({ kind: "call", to })
  }

  return(): void {
    this.instructions.push({ kind: "return" })
  }

  branch(left: Register, is: Comparison, right: number | Register, to: string): void {
    this.instructions.push({ kind: "branch", left, is, right, to })
  }

  system(call: SystemCall, ...args: Value[]): void {
    this.instructions.push({ kind: "system", call, args })
  }

  /** What lies at a place: a number of four bytes, or an address of eight. */
  fetch(to: Pointer, bytes: 4 | 8, place: Place): void {
    this.set(to, place)
    this.load(to, bytes, to)
  }

  /** Puts a register at a place; the way there goes through `by`. */
  keep(from: Register, bytes: 1 | 4 | 8, place: Place, by: Pointer): void {
    this.set(by, place)
    this.store(from, bytes, by)
  }
}

/** The place some bytes on. */
export function after({ region, offset }: Place, bytes: number): Place {
  return { region, offset: offset + bytes }
}
