import { seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import type { LevelSpec } from "./configuration.ts"
import { handOf } from "./hand.ts"
import { PriorityLevel } from "./priority-level.ts"

const bare: LevelSpec = { name: "test", uid: "", isExempt: false, shares: 1, lendablePercent: 0 }
const spec: LevelSpec = { ...bare, queuing: { queues: 128, handSize: 6, lengthMax: 1_000 } }
const idle = (flow: string, width = 1, go = (): void => {}) => ({ flow, width, go })

describe("a priority level", () => {
  it.each([1, 2, 3, 4, 5])(
    "lets a quiet flow through at once though a noisy one has a thousand waiting (seed %i)",
    (seed) => {
      const random = seededRandom(seed)
      const level = new PriorityLevel(spec, 4)
      const served: string[] = []
      const ask = (flow: string): string => level.enter(idle(flow, 1, () => served.push(flow))).kind
      for (let i = 0; i < 1_000; i++) ask(`noisy-${seed}`)
      for (let i = 0; i < 50; i++) level.leave(1)
      // The quiet one asks now and then; the noisy one's crowd stands in six queues, and each has its turn.
      const waits: number[] = []
      for (let i = 0; i < 20; i++) {
        const before = served.length
        if (ask(`quiet-${seed}`) !== "queued") throw new Error("the level should be full")
        while (!served.slice(before).includes(`quiet-${seed}`)) level.leave(1)
        waits.push(served.length - before)
        for (let j = random.below(5); j > 0; j--) level.leave(1)
      }
      expect(Math.max(...waits)).toBeLessThanOrEqual(14)
      expect(level.taken).toBe(4)
    },
  )

  it("gives every seat back, and forgets who gave up waiting", () => {
    const level = new PriorityLevel(spec, 1)
    expect(level.enter(idle("a")).kind).toBe("seated")
    const entry = level.enter(idle("a", 1, () => expect.unreachable()))
    if (entry.kind !== "queued") throw new Error("there was one seat")
    expect(entry.leave()).toBe(true)
    expect(entry.leave()).toBe(false)
    level.leave(1)
    expect([level.taken, level.waitingCount, level.waitingSeats]).toEqual([0, 0, 0])
  })

  it("has room for no more than its queues hold, and none for a level without queues or seats", () => {
    const level = new PriorityLevel({ ...spec, queuing: { queues: 4, handSize: 1, lengthMax: 2 } }, 1)
    expect([1, 2, 3, 4].map(() => level.enter(idle("a")).kind)).toEqual(["seated", "queued", "queued", "full"])
    const strict = new PriorityLevel(bare, 1)
    expect([1, 2].map(() => strict.enter(idle("a")).kind)).toEqual(["seated", "full"])
    expect(new PriorityLevel(bare, 0).enter(idle("a")).kind).toBe("full")
    expect(new PriorityLevel({ ...bare, isExempt: true }, 0).enter(idle("a")).kind).toBe("seated")
  })

  it("lets a wide request wait until there is room for all of it, and nobody pass it by", () => {
    const level = new PriorityLevel(spec, 4)
    const served: string[] = []
    for (let i = 0; i < 4; i++) level.enter(idle("small"))
    level.enter(idle("wide", 3, () => served.push("wide")))
    for (let i = 0; i < 3; i++) level.enter(idle(`later-${i}`, 1, () => served.push("later")))
    level.leave(1)
    level.leave(1)
    expect(served).toEqual([])
    level.leave(1)
    expect([served, level.taken]).toEqual([["wide"], 4])
    level.leave(3)
    expect(served).toEqual(["wide", "later", "later", "later"])
  })

  it("keeps the order of who waits when its queues are others", () => {
    const level = new PriorityLevel({ ...spec, queuing: { queues: 1, handSize: 1, lengthMax: 9 } }, 1)
    const served: number[] = []
    level.enter(idle("a"))
    for (let i = 0; i < 5; i++) level.enter(idle("a", 1, () => served.push(i)))
    level.configure({ ...spec, queuing: { queues: 64, handSize: 1, lengthMax: 1 } }, 1)
    for (let i = 0; i < 2; i++) level.leave(1)
    level.configure(bare, 3)
    expect(served).toEqual([0, 1, 2, 3])
    level.leave(1)
    expect([served.at(-1), level.waitingCount]).toEqual([4, 0])
  })

  it.each([
    [128, 6],
    [16, 4],
    [6, 6],
    [1, 1],
    [3, 8],
  ])("deals each flow its own hand of different queues, always the same (%i queues, %i in a hand)", (queues, size) => {
    for (let flow = 0; flow < 200; flow++) {
      const hand = handOf(`flow ${flow}`, queues, size)
      expect(new Set(hand).size).toBe(Math.min(queues, size))
      expect(hand.every((card) => card >= 0 && card < queues)).toBe(true)
      expect(hand).toEqual(handOf(`flow ${flow}`, queues, size))
    }
  })

  it("deals every queue about equally often", () => {
    const counts = new Array<number>(64).fill(0)
    for (let flow = 0; flow < 6_400; flow++)
      for (const card of handOf(`flow ${flow}`, 64, 6)) counts[card] = (counts[card] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(480)
    expect(Math.max(...counts)).toBeLessThan(720)
  })
})
