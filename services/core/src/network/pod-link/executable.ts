import { assert } from "@wick/sdk/assert"
import { arm64 } from "./arm64.ts"
import type { Code, Instruction, Place } from "./code.ts"
import { x64 } from "./x64.ts"

/** Where a label or a place lies when the program runs. */
export type Resolve = (what: string | Place) => number

export interface Processor {
  /** ELF's number of it. */
  readonly elfMachine: number
  /** An instruction has the same length wherever the things lie that it speaks of. */
  encode(instruction: Instruction, at: number, resolve: Resolve): Buffer
}

/** By Node's names. */
const processors: Record<string, Processor> = { x64, arm64 }

/** A file's bytes are mapped twice: to be executed here, and as memory there. Pages are of 64 KiB at most. */
const codeBase = 0x400000
const memoryBase = 0x600000
const pageBytes = 0x10000
const headerBytes = 64
const programHeaderBytes = 56
const segments = 2
const codeOffset = headerBytes + segments * programHeaderBytes
const regionAlignment = 16
const loaded = 1
const readAndExecute = 5
const readAndWrite = 6

/** Pure: a static ELF executable, or `undefined` for a processor whose code we do not know. */
export function executable(architecture: string, code: Code): Buffer | undefined {
  const processor = processors[architecture]
  if (!processor) return undefined
  const labels = new Map<string, number>()
  const codeBytes = measure(processor, code, labels)
  const memoryOffset = aligned(codeOffset + codeBytes)
  const places = new Map<string, number>()
  const memory: Buffer[] = []
  let end = memoryOffset
  for (const [name, bytes] of code.regions) {
    places.set(name, memoryBase + end)
    memory.push(bytes, Buffer.alloc(aligned(bytes.length) - bytes.length))
    end += aligned(bytes.length)
  }
  const resolve: Resolve = (what) => {
    const address = typeof what === "string" ? labels.get(what) : places.get(what.region)
    assert(address !== undefined, "code speaks of what is there")
    return typeof what === "string" ? address : address + what.offset
  }
  const machineCode = encodeAll(processor, code, resolve)
  const padding = Buffer.alloc(memoryOffset - codeOffset - codeBytes)
  const segmentHeaders = [
    segment({ flags: readAndExecute, offset: 0, address: codeBase, bytes: codeOffset + codeBytes }),
    segment({
      flags: readAndWrite,
      offset: memoryOffset,
      address: memoryBase + memoryOffset,
      bytes: end - memoryOffset,
    }),
  ]
  return Buffer.concat([fileHeader(processor.elfMachine), ...segmentHeaders, machineCode, padding, ...memory])
}

/** Notes where labels will lie. */
function measure(processor: Processor, code: Code, labels: Map<string, number>): number {
  let bytes = 0
  for (const instruction of code.instructions) {
    if (instruction.kind === "label") labels.set(instruction.name, codeBase + codeOffset + bytes)
    bytes += processor.encode(instruction, 0, () => 0).length
  }
  return bytes
}

function encodeAll(processor: Processor, code: Code, resolve: Resolve): Buffer {
  let at = codeBase + codeOffset
  const encoded = code.instructions.map((instruction) => {
    const bytes = processor.encode(instruction, at, resolve)
    at += bytes.length
    return bytes
  })
  return Buffer.concat(encoded)
}

function fileHeader(machine: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // magic, 64 bits, little end first, version 1
  header.writeUInt16LE(2, 16) // executable
  header.writeUInt16LE(machine, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(BigInt(codeBase + codeOffset), 24)
  header.writeBigUInt64LE(BigInt(headerBytes), 32)
  header.writeUInt16LE(headerBytes, 52)
  header.writeUInt16LE(programHeaderBytes, 54)
  header.writeUInt16LE(segments, 56)
  return header
}

function segment(part: { flags: number; offset: number; address: number; bytes: number }): Buffer {
  const header = Buffer.alloc(programHeaderBytes)
  header.writeUInt32LE(loaded, 0)
  header.writeUInt32LE(part.flags, 4)
  header.writeBigUInt64LE(BigInt(part.offset), 8)
  header.writeBigUInt64LE(BigInt(part.address), 16)
  header.writeBigUInt64LE(BigInt(part.address), 24)
  header.writeBigUInt64LE(BigInt(part.bytes), 32)
  header.writeBigUInt64LE(BigInt(part.bytes), 40)
  header.writeBigUInt64LE(BigInt(pageBytes), 48)
  return header
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / regionAlignment) * regionAlignment
}
