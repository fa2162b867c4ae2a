import { describe, expect, it } from "vitest"
import { ejectedMsMax, ejectedMsMin, ejectionMs, failuresInRow, noteOutcome } from "./outlier.ts"

const record = (failures = failuresInRow, ejections = 0) => ({ failures, ejections, served: 0 })

describe("a pod that answers badly", () => {
  it("is left out after five failures in a row, and one success begins the count anew", () => {
    const pod = record(0)
    for (let i = 0; i < failuresInRow - 1; i++) noteOutcome(pod, true)
    expect(ejectionMs(pod, 3, 0)).toBe(0)
    noteOutcome(pod, false)
    noteOutcome(pod, true)
    expect(ejectionMs(pod, 3, 0)).toBe(0)
    for (let i = 0; i < failuresInRow - 1; i++) noteOutcome(pod, true)
    expect(ejectionMs(pod, 3, 0)).toBe(ejectedMsMin)
  })

  it.each([
    { ready: 1, most: 0 },
    { ready: 2, most: 1 },
    { ready: 3, most: 1 },
    { ready: 9, most: 3 },
    { ready: 100, most: 33 },
  ])("is one of at most $most that are left out of $ready", ({ ready, most }) => {
    const left = Array.from({ length: ready + 1 }, (_, ejected) => ejectionMs(record(), ready, ejected) > 0)
    expect(left.indexOf(false)).toBe(most)
  })

  it("is left out twice as long each time, up to two minutes, until it has served again", () => {
    const times = Array.from({ length: 6 }, (_, ejections) => ejectionMs(record(failuresInRow, ejections), 3, 0))
    expect(times).toEqual([10_000, 20_000, 40_000, 80_000, ejectedMsMax, ejectedMsMax])
    const pod = record(0, 3)
    for (let i = 0; i < failuresInRow; i++) noteOutcome(pod, false)
    expect(pod.ejections).toBe(0)
  })
})
