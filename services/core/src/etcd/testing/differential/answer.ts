import type { RawAnswer } from "./raw-client.ts"

/** A field of a message as it is on the wire: a number, or the bytes of all else. */
export interface WireField {
  readonly field: number
  readonly value: bigint | Buffer
}

/** Reads a message without knowing what it is: a field that one sends and the other does not is seen so. */
export function fieldsOf(bytes: Buffer): WireField[] {
  const fields: WireField[] = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const value = varint()
    if ((tag & 7) === 0) fields.push({ field: tag >> 3, value })
    else if ((tag & 7) === 2) {
      fields.push({ field: tag >> 3, value: bytes.subarray(at, at + Number(value)) })
      at += Number(value)
    } else throw new Error(`wire type ${tag & 7} at ${at}`)
  }
  return fields
}

const headerField = 1
const revisionField = 3

/** Revision in an answer's header; undefined: it has none. */
export function revisionOf(answer: RawAnswer): number | undefined {
  if (!("bytes" in answer)) return undefined
  const header = fieldsOf(answer.bytes).find(({ field }) => field === headerField)?.value
  const revision = Buffer.isBuffer(header) && fieldsOf(header).find(({ field }) => field === revisionField)?.value
  return typeof revision === "bigint" ? Number(revision) : undefined
}

/** What differs between members that do the same: numbers of members, and what `masked` says. */
export function comparable(answer: RawAnswer, masked: readonly number[] = []): unknown {
  if (!("bytes" in answer)) return answer
  const fields = fieldsOf(answer.bytes).filter(({ field }) => field !== headerField || !masked.includes(field))
  return fields.map(({ field, value }) => {
    if (masked.includes(field)) return `${field}: masked`
    if (field !== headerField || !Buffer.isBuffer(value)) return shown(field, value)
    const kept = fieldsOf(value).filter((part) => part.field === revisionField)
    return `header: ${kept.map((part) => part.value)}`
  })
}

export function shown(field: number, value: bigint | Buffer): string {
  return `${field}: ${Buffer.isBuffer(value) ? escaped(value) : value}`
}

const shownMax = 2_000

function escaped(bytes: Buffer): string {
  return bytes
    .subarray(0, shownMax)
    .toString("latin1")
    .replace(/[^ -~]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
}
