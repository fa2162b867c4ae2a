import fc from "fast-check"
import { expect, it } from "vitest"
import { MalformedError } from "#store"
import { type LogRecord, readRecord, recordSizeMax, writeRecord } from "./log-record.ts"

const number = fc.maxSafeNat()
const position = fc.record({ index: number, term: number })
const hardState = fc.record({ term: number, vote: number, commit: number })
const ids = fc.array(number, { maxLength: 5 })
const configuration = fc.record({ voters: ids, outgoing: ids, learners: ids })
const data = fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes))
const entry = fc.record({
  index: number,
  term: number,
  kind: fc.constantFrom("command", "noop", "configuration"),
  data,
})
const record = fc.oneof(
  fc.record({ kind: fc.constant("entry"), entry }),
  fc.record({ kind: fc.constant("hard-state"), hardState }),
  fc.record({ kind: fc.constant("snapshot"), at: position, configuration }),
  fc.record({ kind: fc.constant("segment"), segment: number, hardState, configuration, before: position }),
) as fc.Arbitrary<LogRecord>
const segment = fc.nat(1_000_000)
const batch = fc.nat(2 ** 40)

it("reads what was written, at any place, whatever was there before", () => {
  fc.assert(
    fc.property(record, segment, batch, fc.boolean(), fc.nat(100), (record, segment, batch, last, offset) => {
      const bytes = Buffer.alloc(offset * 8 + recordSizeMax(record), 0xee)
      const next = writeRecord(bytes, offset * 8, record, { segment, at: offset * 8, batch, last })
      expect(readRecord(bytes, offset * 8, segment)).toEqual({ record, batch, last, next, isMoved: false })
      expect(next % 8).toBe(0)
    }),
  )
})

it("never takes a record with one bit changed, or of another segment, for a good one", () => {
  fc.assert(
    fc.property(record, segment, batch, fc.nat(), (record, segment, batch, bit) => {
      const bytes = Buffer.alloc(recordSizeMax(record))
      const next = writeRecord(bytes, 0, record, { segment, at: 0, batch, last: true })
      expect(readRecord(bytes, 0, segment + 1)).toBe("damaged")
      const at = bit % (next * 8)
      const was = bytes[at >> 3] ?? 0
      bytes[at >> 3] = was ^ (1 << (at & 7))
      const isPlace = at >> 3 >= 20 && at >> 3 < 24
      const read = readRecord(bytes, 0, segment)
      const whole = { record, batch, last: true, next, isMoved: false }
      // Of its place the first bit makes it none, as of a record that does not say it.
      if (typeof read !== "string") expect({ ...read, next }).toEqual({ ...whole, isMoved: isPlace && at !== 160 })
      if (at >> 3 < 20) expect(read).toBe("damaged")
    }),
    { numRuns: 2_000 },
  )
})

it("answers any bytes at all with a record, none, or that they are damaged", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), segment, (bytes, segment) => {
      try {
        readRecord(Buffer.from(bytes), 0, segment)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError)
      }
    }),
    { numRuns: 2_000 },
  )
})
