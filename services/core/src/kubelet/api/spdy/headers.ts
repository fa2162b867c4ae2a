import { inflateRawSync, constants as zlib } from "node:zlib"
import { dictionary } from "./dictionary.ts"
import { SpdyError } from "./frames.ts"

/** The headers of one stream, before they are packed: a handful of words. */
const headersBytesMax = 64 * 1024
/** As far back as zlib looks. */
const windowBytes = 32 * 1024
/** Method and level, and which dictionary (RFC 1950, 2.2). */
const zlibHeadBytes = 6
const withDictionary = 0x20

/**
 * Reads the headers of a connection's streams, which are one zlib stream. Each ends at a whole byte (a flush), so each can
 * be unpacked by itself, when what came before it is known.
 */
export class HeaderReader {
  #before: Buffer | undefined

  /** Throws a `SpdyError` for what is none. */
  read(packed: Buffer): ReadonlyMap<string, string> {
    const first = this.#before === undefined
    const before = this.#before ?? dictionary
    if (first && ((packed[1] ?? 0) & withDictionary) === 0)
      throw new SpdyError("headers are packed without a dictionary")
    const bytes = unpacked(first ? packed.subarray(zlibHeadBytes) : packed, before)
    this.#before = Buffer.concat([before, bytes]).subarray(-windowBytes)
    return headersOf(bytes)
  }
}

function unpacked(packed: Buffer, before: Buffer): Buffer {
  try {
    const options = { dictionary: before, finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: headersBytesMax }
    return inflateRawSync(packed, options)
  } catch (error) {
    throw new SpdyError(`headers cannot be unpacked: ${(error as Error).message}`)
  }
}

/** How many there are; then the length of each name, the name, and the same of its value. */
function headersOf(bytes: Buffer): Map<string, string> {
  const headers = new Map<string, string>()
  let at = 0
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError("headers are cut off")
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const text = (): string => {
    const length = number()
    if (at + length > bytes.length) throw new SpdyError("headers are cut off")
    at += length
    return bytes.toString("utf8", at - length, at)
  }
  for (let left = number(); left > 0; left -= 1) {
    const name = text().toLowerCase()
    headers.set(name, text())
  }
  return headers
}

const zlibHead = Buffer.from([0x78, 0x01])
/** A block of four bytes as they are: the count of headers, zero. One without any tells readers to hand on what they have. */
const noHeaders = Buffer.from([0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])

/** Writes answers without any header: nothing is to be told, and zlib may carry bytes as they are (RFC 1951, 3.2.4). */
export class HeaderWriter {
  #begun = false

  none(): Buffer {
    if (this.#begun) return noHeaders
    this.#begun = true
    return Buffer.concat([zlibHead, noHeaders])
  }
}
