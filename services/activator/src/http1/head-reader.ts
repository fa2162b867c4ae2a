import { MalformedMessage } from "./malformed.ts"

const headMaxBytes = 64 * 1024
const emptyLine = "\r\n\r\n"
/** Looked for from where the last read has ended. */
const loneLineFeed = /(?<!\r)\n/g
const carriageReturn = 13
const lineFeed = 10

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
    const at = this.#skipEmptyLines(chunk, from)
    const before = this.#held.length
    const text = this.#held + chunk.toString("latin1", at, at + headMaxBytes - before)
    const end = text.indexOf(emptyLine, Math.max(0, before - emptyLine.length + 1))
    if (end >= 0) {
      this.end = at + end + emptyLine.length - before
      this.#held = ""
      return text.slice(0, end)
    }
    if (text.length >= headMaxBytes) throw new MalformedMessage(`the head is longer than ${headMaxBytes} bytes`, 431)
    // Who ends lines by LF alone would wait for an answer for ever.
    loneLineFeed.lastIndex = before
    if (loneLineFeed.test(text)) throw new MalformedMessage("a line ends without CR")
    this.#held = text
    return undefined
  }

  /** Those before a head are of who ends bodies with one too many (RFC 9112 §2.2). A read may end within one. */
  #skipEmptyLines(chunk: Buffer, from: number): number {
    let at = from
    if (this.#held === "\r" && chunk[at] === lineFeed) {
      this.#held = ""
      at++
    }
    if (this.#held !== "") return at
    while (chunk[at] === carriageReturn && chunk[at + 1] === lineFeed) at += 2
    return at
  }
}
