import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { createMetrics } from "@wick/sdk/metrics"
import { describe, expect, it } from "vitest"
import type { Action } from "../authorization/rule.ts"
import { handOf } from "./hand.ts"
import { createFairness, type Seat } from "./index.ts"
import { PriorityLevel } from "./priority-level.ts"

const spec = { name: "test", shares: 1, queuing: { queues: 128, handSize: 6, lengthMax: 1_000 } }

describe("a priority level", () => {
  it.each([1, 2, 3, 4, 5])(
    "lets a quiet flow through at once though a noisy one has a thousand waiting (seed %i)",
    (seed) => {
      const random = seededRandom(seed)
      const level = new PriorityLevel(spec, 4)
      const served: string[] = []
      const ask = (flow: string): string => level.enter(flow, { go: () => served.push(flow) }).kind
      for (let i = 0; i < 1_000; i++) ask(`noisy-${seed}`)
      for (let i = 0; i < 50; i++) level.leave()
      // The quiet one asks now and then; the noisy one's crowd stands in six queues, and each has its turn.
      const waits: number[] = []
      for (let i = 0; i < 20; i++) {
        const before = served.length
        if (ask(`quiet-${seed}`) !== "queued") throw new Error("the level should be full")
        while (!served.slice(before).includes(`quiet-${seed}`)) level.leave()
        waits.push(served.length - before)
        for (let j = random.below(5); j > 0; j--) level.leave()
      }
      expect(Math.max(...waits)).toBeLessThanOrEqual(14)
      expect(level.taken).toBe(4)
    },
  )

  it("gives every seat back, and forgets who gave up waiting", () => {
    const level = new PriorityLevel(spec, 1)
    expect(level.enter("a", { go: () => {} }).kind).toBe("seated")
    const entry = level.enter("a", { go: () => expect.unreachable() })
    if (entry.kind !== "queued") throw new Error("there was one seat")
    expect(entry.leave()).toBe(true)
    expect(entry.leave()).toBe(false)
    level.leave()
    expect([level.taken, level.waitingCount]).toEqual([0, 0])
  })

  it("has room for no more than its queues hold, and none for a level without queues", () => {
    const small = { ...spec, queuing: { queues: 4, handSize: 1, lengthMax: 2 } }
    const level = new PriorityLevel(small, 1)
    const kinds = [1, 2, 3, 4].map(() => level.enter("a", { go: () => {} }).kind)
    expect(kinds).toEqual(["seated", "queued", "queued", "full"])
    const strict = new PriorityLevel({ name: "strict", shares: 1 }, 1)
    expect([1, 2].map(() => strict.enter("a", { go: () => {} }).kind)).toEqual(["seated", "full"])
  })

  it("deals each flow its own hand of different queues, always the same", () => {
    const hand = handOf("one", 128, 6)
    expect(new Set(hand).size).toBe(6)
    expect(hand).toEqual(handOf("one", 128, 6))
    expect(hand).not.toEqual(handOf("two", 128, 6))
  })
})

describe("the server's fairness", () => {
  const action: Action = {
    kind: "resource",
    verb: "list",
    group: "",
    resource: "pods",
    subresource: "",
    namespace: "",
    name: "",
  }
  const jo = { name: "jo", groups: ["system:authenticated"] }
  const master = { name: "admin", groups: ["system:masters"] }
  const crowd = { name: "crowd", groups: ["system:authenticated"] }

  it("refuses what waits too long, with Kubernetes' words, and lets masters through meanwhile", async () => {
    const clock = new SimulatedClock()
    const fairness = createFairness({ clock, metrics: createMetrics() })
    const seats: Seat[] = []
    let waiting: Promise<Seat> | undefined
    for (let i = 0; waiting === undefined && i < 600; i++) {
      const seat = fairness.enter(crowd, action)
      if (seat instanceof Promise) waiting = seat
      else seats.push(seat)
    }
    expect(seats).toHaveLength(49)
    expect(fairness.enter(master, action)).not.toBeInstanceOf(Promise)
    const refused = expect(waiting).rejects.toMatchObject({
      code: 429,
      message: "Too many requests, please try again later.",
      details: { retryAfterSeconds: 1 },
    })
    await clock.advance(15_000)
    await refused
    const next = fairness.enter(jo, action)
    for (const seat of seats) seat.leave()
    await expect(next).resolves.toBeDefined()
  })
})
