import { describe, expect, it } from "vitest"
import { chunkBytes, OutBuffer } from "./out-buffer.ts"

/** Fills a buffer with so many bytes and gives them to a write that is told later what became of it. */
function leave(bytes: number): { memory: ArrayBufferLike; size: number; written: (error?: Error) => void } {
  const out = new OutBuffer()
  for (let at = 0; at < bytes; at += 1_000) out.extend(Math.min(1_000, bytes - at))
  return out.leave(({ buffer, length }, written) => ({ memory: buffer, size: length, written }))
}

describe("what leaves in one write", () => {
  it("is in memory that is used again when the write is done, and not before", () => {
    const first = leave(50_000)
    const second = leave(50_000)
    expect([first.size, second.memory === first.memory]).toEqual([50_000, false])
    first.written()
    expect(leave(50_000).memory).toBe(first.memory)
  })

  it("is in memory that is nobody's after a write that failed: who knows who reads it yet", () => {
    const failed = leave(50_000)
    failed.written(new Error("the socket was closed"))
    expect(leave(50_000).memory).not.toBe(failed.memory)
  })

  it("keeps what was written when it grows, beyond any chunk too", () => {
    const out = new OutBuffer()
    for (let at = 0; at < 3 * chunkBytes; at += 512) {
      const start = out.extend(512)
      out.bytes.fill((at / 512) & 0xff, start, out.size)
    }
    out.leave((bytes) => {
      expect(bytes.length).toBe(3 * chunkBytes)
      for (let at = 0; at < bytes.length; at += 512) expect(bytes[at + 511]).toBe((at / 512) & 0xff)
    })
  })
})
