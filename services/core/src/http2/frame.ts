/** Kinds of frames (RFC 9113, section 6); others are passed over. */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  resetStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const

export const frameFlag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const

export const frameHeadBytes = 9

/** Payload of a frame unless the receiver has said that it takes more; we never do. */
export const frameBytesUsual = 16_384

/** What a client sends first. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

/** A window before anybody has said anything of it, and the largest there may be. */
export const windowUsual = 65_535
export const windowMax = 2 ** 31 - 1

/** Writes the nine bytes that stand before a payload. */
export function writeFrameHead(to: Buffer, at: number, length: number, type: number, flags: number, id: number): void {
  to[at] = length >>> 16
  to[at + 1] = length >>> 8
  to[at + 2] = length
  to[at + 3] = type
  to[at + 4] = flags
  writeUint32(to, at + 5, id)
}

export function writeUint32(to: Buffer, at: number, value: number): void {
  to[at] = value >>> 24
  to[at + 1] = value >>> 16
  to[at + 2] = value >>> 8
  to[at + 3] = value
}

/** 31 bits: the first is reserved, and ignored. */
export function readUint31(from: Buffer, at: number): number {
  return readUint32(from, at) & 0x7fffffff
}

export function readUint32(from: Buffer, at: number): number {
  const [a, b, c, d] = [from[at], from[at + 1], from[at + 2], from[at + 3]] as [number, number, number, number]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}
