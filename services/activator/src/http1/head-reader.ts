import { MalformedMessage } from "./malformed.ts"

const headMaxBytes = 64 * 1024
const emptyLine = "\r\n\r\n"
const loneLineFeed = /(?<!\r)\n/

/** Collects the head of a message over as many reads as it takes. */
export class HeadReader {
  #held = ""
  /** Where in the last read's bytes the head ended. */
  end = 0

  /** Whether a head has begun to come. */
  get hasBegun(): boolean {
    return this.#held !== ""
  }

  /** The head without its empty line, undefined while that has not come. Throws MalformedMessage. */
  read(chunk: Buffer, from: number): string | undefined {
    const before = this.#held.length
    // Empty lines before a request are those of clients that end bodies with one too many (RFC 9112 §2.2).
    const at = before === 0 ? skipEmptyLines(chunk, from) : from
    const text = this.#held + chunk.toString("latin1", at, at + headMaxBytes - before)
    const end = text.indexOf(emptyLine, Math.max(0, before - emptyLine.length + 1))
    if (end >= 0) {
      this.end = at + end + emptyLine.length - before
      this.#held = ""
      return text.slice(0, end)
    }
    if (text.length >= headMaxBytes) throw new MalformedMessage(`the head is longer than ${headMaxBytes} bytes`, 431)
    // Who ends lines by LF alone would wait for an answer for ever.
    if (loneLineFeed.test(text.slice(Math.max(0, before - 1)))) throw new MalformedMessage("a line ends without CR")
    this.#held = text
    return undefined
  }
}

function skipEmptyLines(chunk: Buffer, from: number): number {
  let at = from
  while (chunk[at] === 13 && chunk[at + 1] === 10) at += 2
  return at
}
