import fc from "fast-check"
import { expect, it } from "vitest"
import { FrameReader, frameHeadSize, frameOf } from "./frame.ts"

const kinds = fc.constantFrom("message" as const, "ping" as const, "chunk" as const)

it("frames are what they were, however the network cuts them", () => {
  const frames = fc.array(fc.record({ kind: kinds, payload: fc.uint8Array({ maxLength: 40 }) }))
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ kind, payload }) => frameOf(kind, payload)))
      const reader = new FrameReader(40)
      const read: object[] = []
      for (let at = 0; at < bytes.length; ) {
        const size = cuts.next().value as number
        for (const { kind, payload } of reader.push(bytes.subarray(at, at + size)))
          read.push({ kind, payload: new Uint8Array(payload) })
        at += size
      }
      expect(read).toEqual(frames)
    }),
  )
})

it("a frame larger than is allowed is refused by its head, before the rest of it comes", () => {
  const head = frameOf("message", new Uint8Array(101)).subarray(0, frameHeadSize)
  expect(() => [...new FrameReader(100).push(head)]).toThrow("frame of 101 bytes, 100 are allowed")
})

it("a frame of an unknown kind is refused", () => {
  for (const kind of [0, 99]) {
    expect(() => [...new FrameReader(100).push(Buffer.of(0, 0, 0, 0, kind))]).toThrow(`unknown kind ${kind}`)
  }
})
