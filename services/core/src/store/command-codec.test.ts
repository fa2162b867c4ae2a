import fc from "fast-check"
import { expect, it } from "vitest"
import { MalformedError } from "./byte-reader.ts"
import type { StampedCommand } from "./command.ts"
import { decodeCommand, encodeCommand } from "./command-codec.ts"

const key = fc.string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 20 })
const number = fc.maxSafeNat()
const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const op = fc.constantFrom("=", "!=", "<", ">")
const kind = <const Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name)
const flag = fc.boolean()
const end = { requiredKeys: ["kind", "key", "previous", "revision", "limit", "keysOnly", "countOnly"] } as const
const operation = fc.oneof(
  fc.record({ kind: kind("put"), key, value, lease: number, previous: flag }),
  fc.record({ kind: kind("delete"), key, previous: flag, end: key }, { requiredKeys: ["kind", "key", "previous"] }),
  fc.record(
    { kind: kind("range"), key, end: key, revision: number, limit: number, keysOnly: flag, countOnly: flag },
    { requiredKeys: end.requiredKeys.filter((name) => name !== "previous") },
  ),
)
const compare = fc.oneof(
  fc.record({ key, target: fc.constantFrom("version", "create", "mod", "lease"), op, value: number }),
  fc.record({ key, target: kind("value"), op, value }),
)
const branch = fc.array(operation, { maxLength: 4 })
const command = fc.oneof(
  fc.record({
    kind: kind("txn"),
    request: fc.record({ compare: fc.array(compare, { maxLength: 3 }), success: branch, failure: branch }),
  }),
  fc.record({ kind: kind("compact"), revision: number }),
  fc.record({ kind: kind("grant"), id: number, ttlSeconds: number }),
  fc.record({ kind: kind("renew"), id: number }),
  fc.record({ kind: kind("revoke"), id: number }),
  fc.record({ kind: kind("expire") }),
)
const stamped = fc.record({ timeMs: number, command }) as fc.Arbitrary<StampedCommand>

it("decodes to what was encoded", () => {
  fc.assert(
    fc.property(stamped, (given) => {
      expect(decodeCommand(encodeCommand(given))).toEqual(given)
    }),
  )
})

it("never decodes a part of a command, nor one with more behind it", () => {
  fc.assert(
    fc.property(stamped, fc.nat(), (given, cut) => {
      const bytes = encodeCommand(given)
      expect(() => decodeCommand(bytes.subarray(0, cut % bytes.length))).toThrow(MalformedError)
      expect(() => decodeCommand(Buffer.concat([bytes, Buffer.from([0])]))).toThrow(MalformedError)
    }),
  )
})

it("answers any bytes at all with a command or a MalformedError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodeCommand(Uint8Array.of(1, ...bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError)
      }
    }),
    { numRuns: 2_000 },
  )
})

it("gives values as views of the bytes, so that a large value is not copied", () => {
  const value = Buffer.alloc(1000, 7)
  const request = { compare: [], success: [{ kind: "put" as const, key: "a", value }], failure: [] }
  const bytes = encodeCommand({ timeMs: 1, command: { kind: "txn", request } })
  const { command } = decodeCommand(bytes)
  const operation = command.kind === "txn" ? command.request.success[0] : undefined
  expect(operation?.kind === "put" && operation.value.buffer).toBe(bytes.buffer)
})
