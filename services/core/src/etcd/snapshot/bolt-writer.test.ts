import { describe, expect, it } from "vitest"
import { type LeafElement, pageSize } from "./bolt-page.ts"
import { BoltWriter } from "./bolt-writer.ts"

/** A reader of the format, as its description goes, that shares nothing with the writer. */
function readTree(file: Buffer, page: number, visit: (key: Buffer, value: Buffer, isBucket: boolean) => void): number {
  const start = page * pageSize
  expect(file.readBigUInt64LE(start)).toBe(BigInt(page))
  const kind = file.readUInt16LE(start + 8)
  let depth = 0
  let before: Buffer | undefined
  for (let index = 0; index < file.readUInt16LE(start + 10); index++) {
    const element = start + 16 + index * 16
    if (kind === 1) {
      const at = element + file.readUInt32LE(element)
      const key = file.subarray(at, at + file.readUInt32LE(element + 4))
      if (before) expect(Buffer.compare(before, key)).toBe(-1)
      before = key
      let first: Buffer | undefined
      depth =
        1 +
        readTree(file, Number(file.readBigUInt64LE(element + 8)), (found, value, isBucket) => {
          first ??= found
          visit(found, value, isBucket)
        })
      expect(first).toEqual(key)
    } else {
      expect(kind).toBe(2)
      const at = element + file.readUInt32LE(element + 4)
      const size = file.readUInt32LE(element + 8)
      const key = file.subarray(at, at + size)
      const value = file.subarray(at + size, at + size + file.readUInt32LE(element + 12))
      visit(key, value, file.readUInt32LE(element) === 1)
    }
  }
  return depth
}

async function write(buckets: Record<string, readonly LeafElement[]>): Promise<Buffer> {
  const chunks: [Buffer, number][] = []
  const writer = new BoltWriter(async (bytes, at) => void chunks.push([bytes, at]))
  for (const [name, elements] of Object.entries(buckets)) await writer.bucket(name, elements)
  const file = Buffer.alloc(await writer.finish(), 0xff)
  for (const [bytes, at] of chunks) bytes.copy(file, at)
  return file
}

function elements(count: number, valueSize: number): LeafElement[] {
  return Array.from({ length: count }, (_, at) => ({
    key: Buffer.from(String(at).padStart(8, "0")),
    value: Buffer.alloc(valueSize, at),
  }))
}

describe("a database file", () => {
  it.each([
    ["nothing", 0, 0, 0],
    ["one page", 20, 100, 0],
    ["two levels", 1_000, 100, 1],
    ["three levels", 30_000, 100, 2],
    ["values larger than a page", 40, 10_000, 1],
  ])("of %s is read as it was written", async (_, count, valueSize, depthMin) => {
    const given = elements(count, valueSize)
    const file = await write({ a: [], key: given })
    expect(file.length % pageSize).toBe(0)
    const roots = new Map<string, number>()
    const root = Number(file.readBigUInt64LE(16 + 16))
    expect(file.readUInt32LE(16)).toBe(0xed0cdaed)
    expect(Number(file.readBigUInt64LE(16 + 40)) * pageSize).toBe(file.length)
    readTree(file, root, (key, value, isBucket) => {
      expect(isBucket).toBe(true)
      roots.set(key.toString(), Number(value.readBigUInt64LE(0)))
    })
    const found: LeafElement[] = []
    const depth = readTree(file, roots.get("key") ?? 0, (key, value) => found.push({ key, value }))
    expect(found.length).toBe(count)
    expect(found.every(({ key, value }, at) => given[at]?.key.equals(key) && given[at]?.value.equals(value))).toBe(true)
    expect(depth).toBeGreaterThanOrEqual(depthMin)
    expect(readTree(file, roots.get("a") ?? 0, () => expect.unreachable())).toBe(0)
  })
})
