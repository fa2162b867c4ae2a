import { trailerFields } from "./head.ts"
import { MalformedMessage } from "./malformed.ts"

/** Who gets a body, piece by piece. */
export interface BodySink {
  bodyData(piece: Buffer): void
}

/** Tells where in a connection's bytes a message's body ends. */
export interface Body {
  readonly isWhole: boolean
  /** Whether nothing but the connection's end tells. */
  readonly endsWithConnection: boolean
  /** Header pairs that came behind it. */
  readonly trailers: readonly string[]
  /** Gives the sink what of `chunk` from `at` on is the body's, and tells where that ends. Throws MalformedMessage. */
  take(chunk: Buffer, at: number, sink: BodySink): number
}

const none: readonly string[] = []

/** A body of so many bytes. */
export class CountedBody implements Body {
  readonly trailers = none
  readonly endsWithConnection = false
  #left: number

  constructor(length: number) {
    this.#left = length
  }

  get isWhole(): boolean {
    return this.#left === 0
  }

  take(chunk: Buffer, at: number, sink: BodySink): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (end > at) sink.bodyData(chunk.subarray(at, end))
    return end
  }
}

/** An answer's body that ends with its connection. */
export class EndlessBody implements Body {
  readonly isWhole = false
  readonly endsWithConnection = true
  readonly trailers = none

  take(chunk: Buffer, at: number, sink: BodySink): number {
    sink.bodyData(chunk.subarray(at))
    return chunk.length
  }
}

/** A chunk's size with its extensions, or a line behind the last chunk. */
const lineMaxBytes = 8 * 1024
const trailersMaxBytes = 64 * 1024
/** Of all chunks together: who sends more wants to be read without ever being done. */
const extensionsMaxBytes = 16 * 1024
/**
 * RFC 9112 §7.1.1, without its leniency for blanks. Thirteen digits are beyond what can come, and within what a number can
 * hold. Nothing here can match in two ways, so that no line takes long.
 */
const extensionName = /[!#$%&'*+\-.^_`|~0-9a-z]+/.source
const quotedText = /"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"/.source
const sizeLine = new RegExp(`^([0-9a-f]{1,13})(?:;${extensionName}(?:=(?:${extensionName}|${quotedText}))?)*$`, "i")
const lineFeed = 10

/** RFC 9112 §7.1. */
export class ChunkedBody implements Body {
  readonly endsWithConnection = false
  trailers: readonly string[] = none
  isWhole = false
  #awaits: "size" | "data" | "data's end" | "trailer" = "size"
  #left = 0
  #line = ""
  #trailers = ""
  #extensionBytes = 0

  take(chunk: Buffer, from: number, sink: BodySink): number {
    let at = from
    while (at < chunk.length && !this.isWhole) {
      if (this.#awaits === "data") at = this.#takeData(chunk, at, sink)
      else at = this.#takeLine(chunk, at)
    }
    return at
  }

  #takeData(chunk: Buffer, at: number, sink: BodySink): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    if (this.#left === 0) this.#awaits = "data's end"
    sink.bodyData(chunk.subarray(at, end))
    return end
  }

  #takeLine(chunk: Buffer, at: number): number {
    const feed = chunk.indexOf(lineFeed, at)
    const end = feed < 0 ? chunk.length : feed + 1
    this.#line += chunk.toString("latin1", at, Math.min(end, at + lineMaxBytes + 1))
    if (this.#line.length > lineMaxBytes) throw new MalformedMessage("a line between chunks does not end")
    if (feed < 0) return end
    if (!this.#line.endsWith("\r\n")) throw new MalformedMessage("a line between chunks ends without CR")
    const line = this.#line.slice(0, -2)
    this.#line = ""
    this.#understand(line)
    return end
  }

  #understand(line: string): void {
    if (this.#awaits === "size") this.#begin(line)
    else if (this.#awaits === "trailer") this.#trail(line)
    else if (line === "") this.#awaits = "size"
    else throw new MalformedMessage("a chunk is longer than it says")
  }

  #begin(line: string): void {
    const size = sizeLine.exec(line)?.[1]
    if (size === undefined) throw new MalformedMessage("a chunk does not begin with its size")
    this.#extensionBytes += line.length - size.length
    if (this.#extensionBytes > extensionsMaxBytes)
      throw new MalformedMessage("the chunks' extensions are too long", 413)
    this.#left = Number.parseInt(size, 16)
    this.#awaits = this.#left === 0 ? "trailer" : "data"
  }

  #trail(line: string): void {
    if (line !== "") {
      this.#trailers += this.#trailers === "" ? line : `\r\n${line}`
      if (this.#trailers.length > trailersMaxBytes) throw new MalformedMessage("there are too many trailers", 431)
      return
    }
    if (this.#trailers !== "") this.trailers = trailerFields(this.#trailers)
    this.isWhole = true
  }
}
