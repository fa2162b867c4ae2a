/** Pages of the database file that etcd keeps its state in (bbolt's format, version 2; all numbers little-endian). */
export const pageSize = 4096

const headSize = 16
const elementSize = 16
const flags = { branch: 0x01, leaf: 0x02, meta: 0x04, freeList: 0x10 }
const magic = 0xed0cdaed
const formatVersion = 2
/** In a leaf: the value is a bucket. */
const bucketFlag = 1

export interface LeafElement {
  readonly key: Buffer
  readonly value: Buffer
  readonly isBucket?: boolean
}

export interface BranchElement {
  readonly key: Buffer
  readonly page: number
}

/** Bytes that an element takes in its page. */
export function leafElementSize({ key, value }: LeafElement): number {
  return elementSize + key.length + value.length
}

export function branchElementSize({ key }: BranchElement): number {
  return elementSize + key.length
}

/** Most bytes of elements in a page that does not overflow. */
export const pageRoom = pageSize - headSize

/** One leaf; more than a page long when its elements are. */
export function leafPage(id: number, elements: readonly LeafElement[]): Buffer {
  const bytes = page(id, flags.leaf, elements.length, sum(elements.map(leafElementSize)))
  let at = headSize + elements.length * elementSize
  elements.forEach(({ key, value, isBucket }, index) => {
    const element = headSize + index * elementSize
    bytes.writeUInt32LE(isBucket ? bucketFlag : 0, element)
    bytes.writeUInt32LE(at - element, element + 4)
    bytes.writeUInt32LE(key.length, element + 8)
    bytes.writeUInt32LE(value.length, element + 12)
    at += key.copy(bytes, at)
    at += value.copy(bytes, at)
  })
  return bytes
}

export function branchPage(id: number, elements: readonly BranchElement[]): Buffer {
  const bytes = page(id, flags.branch, elements.length, sum(elements.map(branchElementSize)))
  let at = headSize + elements.length * elementSize
  elements.forEach(({ key, page: child }, index) => {
    const element = headSize + index * elementSize
    bytes.writeUInt32LE(at - element, element)
    bytes.writeUInt32LE(key.length, element + 4)
    bytes.writeBigUInt64LE(BigInt(child), element + 8)
    at += key.copy(bytes, at)
  })
  return bytes
}

/** The list of pages that are free: none is. */
export function freeListPage(id: number): Buffer {
  return page(id, flags.freeList, 0, 0)
}

/** What a bucket is in the leaf above it: where its tree begins, and a counter that is not used. */
export function bucketValue(root: number): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(BigInt(root), 0)
  return bytes
}

/** One of the two pages that say where everything is; `id` is 0 or 1, and the transaction it is of. */
export function metaPage(id: number, given: { root: number; freeList: number; end: number }): Buffer {
  const bytes = page(id, flags.meta, 0, 0)
  const meta = bytes.subarray(headSize)
  meta.writeUInt32LE(magic, 0)
  meta.writeUInt32LE(formatVersion, 4)
  meta.writeUInt32LE(pageSize, 8)
  bucketValue(given.root).copy(meta, 16)
  meta.writeBigUInt64LE(BigInt(given.freeList), 32)
  meta.writeBigUInt64LE(BigInt(given.end), 40)
  meta.writeBigUInt64LE(BigInt(id), 48)
  meta.writeBigUInt64LE(fnv64a(meta.subarray(0, 56)), 56)
  return bytes
}

function page(id: number, flag: number, count: number, size: number): Buffer {
  const pages = Math.ceil((headSize + size) / pageSize)
  const bytes = Buffer.alloc(pages * pageSize)
  bytes.writeBigUInt64LE(BigInt(id), 0)
  bytes.writeUInt16LE(flag, 8)
  bytes.writeUInt16LE(count, 10)
  bytes.writeUInt32LE(pages - 1, 12)
  return bytes
}

function fnv64a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}
