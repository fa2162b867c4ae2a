import type { Body } from "../body.ts"
import { lowerCase } from "../field-names.ts"
import { answerFraming, requestFraming } from "../framing.ts"
import { answerLines, requestLines } from "../head.ts"
import { HeadReader } from "../head-reader.ts"
import { MalformedMessage } from "../malformed.ts"

/** A message as somebody has understood it. */
export interface Read {
  /** Its first line's words. */
  first: readonly (string | number)[]
  fields: readonly string[]
  body: string
  trailers: readonly string[]
}

export interface Reading {
  /** Those that have come as a whole. */
  messages: Read[]
  /** Where in all that came each of them ends. */
  ends: number[]
  /** Why it has stopped before the end of what came. */
  stopped: "malformed" | "closed" | undefined
  /** Whether one has begun to come that is not whole. */
  isAmid: boolean
}

interface Begun {
  message: Read
  body: Body | undefined
  keepAlive: boolean
}

/** Reads what comes as a connection does that carries nothing but requests. */
export function readRequests(pieces: readonly Buffer[]): Reading {
  return read(pieces, (head) => {
    const lines = requestLines(head)
    const { body, keepAlive } = requestFraming(lines)
    const { method, target, minor, fields } = lines
    // What follows is of another protocol, perhaps: Node leaves it alone, even of HTTP/1.0.
    const goesOn = keepAlive && !fields.some((name) => lowerCase(name) === "upgrade")
    return { message: { first: [method, target, minor], fields, body: "", trailers: [] }, body, keepAlive: goesOn }
  })
}

/** The same of answers to GET. */
export function readAnswers(pieces: readonly Buffer[]): Reading {
  return read(pieces, (head) => {
    const lines = answerLines(head)
    const { body, keepAlive } = answerFraming(lines, false)
    const { status, reason, minor, fields } = lines
    return { message: { first: [status, reason, minor], fields, body: "", trailers: [] }, body, keepAlive }
  })
}

function read(pieces: readonly Buffer[], begin: (head: string) => Begun): Reading {
  const reader = new HeadReader()
  const reading: Reading = { messages: [], ends: [], stopped: undefined, isAmid: false }
  let begun: Begun | undefined
  let before = 0
  const sink = {
    bodyData: (piece: Buffer): void => {
      if (begun !== undefined) begun.message.body += piece.toString("latin1")
    },
  }
  const take = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length && reading.stopped === undefined; ) {
      if (begun?.body !== undefined) at = begun.body.take(chunk, at, sink)
      else {
        const head = reader.read(chunk, at)
        if (head === undefined) return
        at = reader.end
        begun = begin(head)
      }
      if (begun.body !== undefined && !begun.body.isWhole) continue
      reading.messages.push({ ...begun.message, trailers: begun.body?.trailers ?? [] })
      reading.ends.push(before + at)
      if (!begun.keepAlive) reading.stopped = "closed"
      begun = undefined
    }
  }
  try {
    for (const piece of pieces) {
      take(piece)
      before += piece.length
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error
    reading.stopped = "malformed"
    begun = undefined
  }
  if (begun?.body?.endsWithConnection) {
    reading.messages.push(begun.message)
    reading.ends.push(before)
    begun = undefined
  }
  reading.isAmid = reading.stopped === undefined && (begun !== undefined || reader.hasBegun)
  return reading
}
