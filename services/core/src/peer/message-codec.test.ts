import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Message } from "#raft"
import { MalformedError } from "#store"
import { entriesMax, membersMax } from "./limits.ts"
import { decodeMessage, encodeMessage } from "./message-codec.ts"

const number = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 2 ** 40 }))
const id = fc.integer({ min: 1, max: 2 ** 52 })
const position = fc.record({ index: number, term: number })
const list = fc.array(id, { maxLength: 5 })
const configuration = fc.record({ voters: list, outgoing: list, learners: list })
const kind = fc.constantFrom("command" as const, "noop" as const, "configuration" as const)
const data = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))

/** An append as leaders make them: entries follow each other, terms do not fall. */
const append = fc
  .record({ previous: position, commit: number, drafts: fc.array(fc.record({ kind, data, rise: fc.nat({ max: 2 }) })) })
  .map(({ previous, commit, drafts }) => {
    let { index, term } = previous
    const entries = drafts.map(({ kind, data, rise }) => {
      index++
      term += rise
      return { index, term, kind, data }
    })
    return { type: "append" as const, previous, commit, entries, term }
  })

const body = fc.oneof(
  fc.record({ type: fc.constant("pre-vote-request" as const), last: position }),
  fc.record({ type: fc.constantFrom("pre-vote-response" as const, "vote-response" as const), granted: fc.boolean() }),
  fc.record({ type: fc.constant("vote-request" as const), last: position, transfer: fc.boolean() }),
  append,
  fc.record({ type: fc.constant("append-accepted" as const), match: number }),
  fc.record({ type: fc.constant("append-rejected" as const), rejected: number, hint: position }),
  fc.record({ type: fc.constant("heartbeat" as const), commit: number, round: number }),
  fc.record({ type: fc.constant("heartbeat-response" as const), round: number }),
  fc.record({ type: fc.constant("snapshot" as const), at: position, configuration }),
  fc.record({ type: fc.constant("read-request" as const), read: number }),
  fc.record({ type: fc.constant("read-response" as const), read: number, index: number }),
  fc.constant({ type: "timeout-now" as const }),
)
const message: fc.Arbitrary<Message> = fc
  .record({ from: id, to: id, term: number, body })
  .map(({ body, ...head }) => ({ ...head, ...body }))

function refusalOf(bytes: Uint8Array): unknown {
  try {
    decodeMessage(bytes)
    return undefined
  } catch (error) {
    return error
  }
}

describe("messages as bytes", () => {
  it("are read as they were written, after whatever room was left before them", () => {
    fc.assert(
      fc.property(message, fc.nat({ max: 9 }), (message, headroom) => {
        expect(decodeMessage(encodeMessage(message, headroom).subarray(headroom))).toEqual(message)
      }),
    )
  })

  it("are refused when they are cut short or go on too long", () => {
    fc.assert(
      fc.property(message, (message) => {
        const bytes = encodeMessage(message)
        for (let size = 0; size < bytes.length; size++) {
          expect(refusalOf(bytes.subarray(0, size))).toBeInstanceOf(MalformedError)
        }
        expect(refusalOf(Buffer.concat([bytes, Buffer.of(0)]))).toBeInstanceOf(MalformedError)
      }),
    )
  })

  it("are a message or refused, whatever bytes they are", () => {
    const changed = fc
      .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }))
      .map(([message, changes]) => {
        const bytes = Buffer.from(encodeMessage(message))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array()), (bytes) => {
        expect([undefined, "MalformedError"]).toContain((refusalOf(bytes) as Error | undefined)?.name)
      }),
      { numRuns: 2000 },
    )
  })

  it("set nothing aside for entries or members that are only claimed", () => {
    const claimed = (message: Message, count: number): Buffer => {
      const bytes = encodeMessage(message)
      const head = bytes.subarray(0, bytes.length - (message.type === "snapshot" ? 3 : 1))
      return Buffer.concat([head, Buffer.of((count & 0x7f) | 0x80, ((count >> 7) & 0x7f) | 0x80, count >> 14)])
    }
    const head = { from: 1, to: 2, term: 1 }
    const start = { index: 0, term: 0 }
    const noEntries = { ...head, type: "append", previous: start, entries: [], commit: 0 } as const
    const nobody = {
      ...head,
      type: "snapshot",
      at: start,
      configuration: { voters: [], outgoing: [], learners: [] },
    } as const
    expect(refusalOf(claimed(noEntries, entriesMax + 1))).toMatchObject({
      message: "131073 entries, 131072 are allowed",
    })
    expect(refusalOf(claimed(nobody, membersMax + 1))).toMatchObject({ message: "65 members, 64 are allowed" })
  })

  it("are refused where a member would rely on what is not so", () => {
    const entry = { index: 1, term: 5, kind: "command", data: Buffer.from("x") } as const
    const append = { type: "append", from: 1, to: 2, term: 4, previous: { index: 0, term: 0 }, commit: 0 } as const
    expect(refusalOf(encodeMessage({ ...append, entries: [entry] }))).toMatchObject({
      message: "entry of term 5 after 0",
    })
    expect(refusalOf(encodeMessage({ type: "timeout-now", from: 0, to: 2, term: 1 }))).toBeInstanceOf(MalformedError)
  })
})
