import { describe, expect, it } from "vitest"
import { CommitTime, paceMax, paceMin, TransferPace } from "./transfer-pace.ts"

const pieceSize = 64 * 1024

/** Sends for so long, each piece when it may go, and returns how many bytes went in a second. */
function rateOver(pace: TransferPace, fromMs: number, forMs: number): number {
  let nowMs = fromMs
  let size = 0
  while (nowMs < fromMs + forMs) {
    nowMs += pace.delayMs(pieceSize, nowMs)
    size += pieceSize
  }
  return (size / (nowMs - fromMs)) * 1000
}

describe("the pace of a transfer", () => {
  it("rises to the greatest while writes are as fast as before", () => {
    const pace = new TransferPace(() => false, 0)
    rateOver(pace, 0, 5_000)
    expect(pace.rate).toBe(paceMax)
    expect(rateOver(pace, 5_000, 1_000) / paceMax).toBeCloseTo(1, 1)
  })

  it("falls to the least, and not below, while they are slow", () => {
    const pace = new TransferPace(() => true, 0)
    rateOver(pace, 0, 5_000)
    expect(pace.rate).toBe(paceMin)
    expect(rateOver(pace, 5_000, 1_000) / paceMin).toBeCloseTo(1, 1)
  })

  it("brings a gibibyte within half a minute even at its least", () => {
    const pace = new TransferPace(() => true, 0)
    let nowMs = 0
    for (let sent = 0; sent < 2 ** 30; sent += pieceSize) nowMs += pace.delayMs(pieceSize, nowMs)
    expect(nowMs).toBeLessThan(30_000)
  })

  it("does not make up for time in which the receiver was busy", () => {
    const pace = new TransferPace(() => true, 0)
    rateOver(pace, 0, 5_000)
    expect(rateOver(pace, 60_000, 1_000) / paceMin).toBeCloseTo(1, 1)
  })
})

describe("the time that commits take", () => {
  const write = (time: CommitTime, index: number, nowMs: number, tookMs: number): void => {
    time.proposed(index, nowMs)
    time.committed(index, nowMs + tookMs)
  }
  const usual = (): CommitTime => {
    const time = new CommitTime()
    for (let index = 1; index <= 100; index++) write(time, index, index * 10, 5)
    return time
  }

  it("is slow when it is much more than before the transfer", () => {
    const time = usual()
    time.transferBegan()
    for (let index = 101; index < 130; index++) write(time, index, index * 10, 6)
    expect(time.isSlow(1_300)).toBe(false)
    for (let index = 130; index < 160; index++) write(time, index, index * 10, 9)
    expect(time.isSlow(1_600)).toBe(true)
  })

  it("is slow already while one write waits for long", () => {
    const time = usual()
    time.transferBegan()
    time.proposed(101, 1_010)
    expect(time.isSlow(1_012)).toBe(false)
    expect(time.isSlow(1_030)).toBe(true)
    time.forget()
    expect(time.isSlow(1_030)).toBe(false)
  })

  it("during a transfer does not become what is usual", () => {
    const time = usual()
    time.transferBegan()
    for (let index = 101; index < 1_000; index++) write(time, index, index * 20, 20)
    expect(time.isSlow(20_000)).toBe(true)
  })

  it("is never slow where nobody writes", () => {
    const time = new CommitTime()
    time.transferBegan()
    expect(time.isSlow(1_000_000)).toBe(false)
  })
})
