/**
 * Pure: messages of the kernel's routing socket (rtnetlink(7)) that are written ahead, with gaps for what is known only
 * when they are sent.
 */

/** Bytes that are filled in later; the same may be wanted at several places. */
export interface Gap {
  readonly gap: string
  readonly bytes: number
}
export type Part = Buffer | Gap

export interface Message {
  readonly bytes: Buffer
  /** Name of a gap → where it is. */
  readonly gaps: ReadonlyMap<string, readonly number[]>
}

export const kinds = { newLink: 16, deleteLink: 17, newAddress: 20, newRoute: 24, newNeighbour: 28 }
const request = 1
/** The kernel answers, and not only when it refuses. */
export const acknowledged = 4
export const replacing = 0x100
export const exclusive = 0x200
export const creating = 0x400

const headerBytes = 16
const attributeHeaderBytes = 4

export function gap(name: string, bytes: number): Gap {
  return { gap: name, bytes }
}

export function u8(...values: number[]): Buffer {
  return Buffer.from(values)
}

export function u16(value: number): Buffer {
  return Buffer.from([value & 255, value >> 8])
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** An attribute; its payload is padded to words. */
export function attribute(type: number, ...payload: Part[]): Part[] {
  const bytes = lengthOf(payload)
  return [u16(attributeHeaderBytes + bytes), u16(type), ...payload, Buffer.alloc(-bytes & 3)]
}

export function message(kind: number, flags: number, ...body: Part[]): Part[] {
  const bytes = headerBytes + lengthOf(body)
  return [u32(bytes), u16(kind), u16(request | flags), u32(0), u32(0), ...body]
}

/** Messages that are sent together, and carried out in this order. */
export function composed(parts: readonly Part[]): Message {
  const gaps = new Map<string, number[]>()
  let at = 0
  for (const part of parts) {
    if (!Buffer.isBuffer(part)) gaps.set(part.gap, [...(gaps.get(part.gap) ?? []), at])
    at += sizeOf(part)
  }
  const bytes = Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.alloc(part.bytes))))
  return { bytes, gaps }
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((bytes, part) => bytes + sizeOf(part), 0)
}

function sizeOf(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : part.bytes
}
