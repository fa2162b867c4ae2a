import fc from "fast-check"
import { expect, it } from "vitest"
import { changeKey, decodeChange, encodeChange, readChangeKey } from "./change-codec.ts"
import { CorruptStateError } from "./checksum.ts"

const number = fc.maxSafeNat()
const revision = fc.integer({ min: 0, max: 2 ** 48 - 2 })
const key = fc.string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 40 })
const value = fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes))
const change = fc.record({
  key,
  value,
  createRevision: number,
  modRevision: revision,
  version: number,
  lease: number,
})

it("decodes a change to what was encoded", () => {
  fc.assert(
    fc.property(change, (given) => {
      expect(decodeChange(encodeChange(given), given.modRevision)).toEqual(given)
    }),
  )
})

it("refuses a change with one bit changed, and one that is in another's place", () => {
  fc.assert(
    fc.property(change, fc.nat(), (given, bit) => {
      const bytes = encodeChange(given)
      expect(() => decodeChange(bytes, given.modRevision + 1)).toThrow(CorruptStateError)
      const at = bit % (bytes.length * 8)
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7))
      expect(() => decodeChange(bytes, given.modRevision)).toThrow(CorruptStateError)
    }),
  )
})

it("orders keys of the table as revisions and their changes are ordered", () => {
  const place = fc.tuple(revision, fc.nat(2 ** 32 - 1))
  fc.assert(
    fc.property(place, place, (a, b) => {
      expect(readChangeKey(changeKey(...a))).toEqual({ revision: a[0], sub: a[1] })
      const order = Math.sign(a[0] - b[0] || a[1] - b[1])
      expect(Buffer.compare(changeKey(...a), changeKey(...b))).toBe(order)
    }),
  )
})
