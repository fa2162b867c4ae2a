import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Stalls } from "./outlet.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A client of which so much waits, and that takes as much as it is told to. */
function outlet(unread: number) {
  let taken = 0
  return {
    isCut: false,
    taken: () => taken,
    unread: () => unread,
    take(bytes: number) {
      taken += bytes
      unread -= bytes
    },
    cut() {
      this.isCut = true
    },
  }
}

describe("clients that are behind", () => {
  it("are cut off when they have taken nothing for the whole time, and not when they are slow", () => {
    const stalls = new Stalls(60_000, silentLog)
    const stopped = outlet(1_000)
    const slow = outlet(1_000)
    for (const each of [stopped, slow]) stalls.mind(each)
    vi.advanceTimersByTime(59_000)
    expect(stopped.isCut).toBe(false)
    for (let minute = 0; minute < 10; minute++) {
      slow.take(1)
      vi.advanceTimersByTime(50_000)
    }
    expect([stopped.isCut, slow.isCut]).toEqual([true, false])
    vi.advanceTimersByTime(60_000)
    expect(slow.isCut).toBe(true)
  })

  it("are looked at only while there are any", () => {
    const stalls = new Stalls(60_000, silentLog)
    const reader = outlet(1_000)
    stalls.mind(reader)
    stalls.mind(reader)
    expect(vi.getTimerCount()).toBe(1)
    reader.take(1_000)
    vi.advanceTimersByTime(15_000)
    expect([vi.getTimerCount(), reader.isCut]).toEqual([0, false])
  })
})
