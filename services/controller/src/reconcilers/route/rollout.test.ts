import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { advance, goalOf, isOver, parseRollout, type Rollout, sharesOf } from "./rollout.ts"
import { targetsByTag } from "./traffic.ts"

const second = 1_000

function goal(revisionName: string, percent = 100): Rollout {
  const target = { revisionName, tag: "", percent, follows: "hello", protocol: "http1" as const }
  const rest = {
    revisionName: "pinned",
    tag: "",
    percent: 100 - percent,
    follows: undefined,
    protocol: "http1" as const,
  }
  return goalOf(targetsByTag(percent === 100 ? [target] : [target, rest]))
}

const shares = (rollout: Rollout) => rollout.configurations[0]?.revisions.map(({ percent }) => percent)

describe("traffic that moves to a new revision", () => {
  it("goes in as many even steps as gateways can follow within the duration", () => {
    const durationMs = 11 * second
    let state = advance(goal("one"), undefined, { nowMs: 0, durationMs, isServed: false }).rollout
    state = advance(goal("two"), state, { nowMs: 1, durationMs, isServed: true }).rollout
    expect(shares(state)).toEqual([99, 1])
    const told: unknown[] = []
    let nowMs = second
    for (let i = 0; i < 20 && !isOver(state); i++) {
      const next = advance(goal("two"), state, { nowMs, durationMs, isServed: true })
      state = next.rollout
      told.push([nowMs, shares(state)?.at(-1)])
      nowMs = next.wakeAtMs ?? nowMs
    }
    expect(told[0]).toEqual([1_000, 1])
    expect(told.at(-1)).toEqual([11_000, 100])
    expect(told).toHaveLength(11)
  })

  it("waits for the gateways before its first step", () => {
    const begun = advance(goal("two"), goal("one"), { nowMs: 0, durationMs: 60 * second, isServed: false })
    const later = advance(goal("two"), begun.rollout, { nowMs: 90 * second, durationMs: 60 * second, isServed: false })
    expect(shares(later.rollout)).toEqual([99, 1])
    expect(later.wakeAtMs).toBeUndefined()
  })

  it("begins again on top when a yet newer revision comes", () => {
    const moment = { nowMs: 0, durationMs: 60 * second, isServed: false }
    const { rollout } = advance(goal("two"), goal("one"), moment)
    expect(shares(advance(goal("three"), rollout, moment).rollout)).toEqual([99, 1])
    const half = parseRollout(
      JSON.stringify({
        configurations: [
          {
            configurationName: "hello",
            percent: 100,
            revisions: [
              { revisionName: "one", percent: 50 },
              { revisionName: "two", percent: 50 },
            ],
          },
        ],
      }),
    )
    expect(shares(advance(goal("three"), half, moment).rollout)).toEqual([50, 49, 1])
  })

  it("does not linger over a share of one percent", () => {
    const moment = { nowMs: 0, durationMs: 60 * second, isServed: false }
    expect(isOver(advance(goal("two", 1), goal("one", 1), moment).rollout)).toBe(true)
  })

  it.each(["", "{", '{"configurations":[{"configurationName":"a","percent":50,"revisions":[]}]}'])(
    "is not resumed from a state that cannot be: %s",
    (text) => expect(parseRollout(text)).toBeUndefined(),
  )

  it("ends in time, never back and never beyond its share, whatever happens meanwhile", () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant("revision" as const), name: fc.constantFrom("a", "b", "c", "d") }),
      fc.record({ kind: fc.constant("share" as const), percent: fc.integer({ min: 2, max: 100 }) }),
      fc.record({
        kind: fc.constant("wait" as const),
        ms: fc.integer({ min: 0, max: 40_000 }),
        isServed: fc.boolean(),
      }),
    )
    const world = fc.record({
      durationMs: fc.integer({ min: 1, max: 600 }),
      events: fc.array(event, { maxLength: 40 }),
    })
    fc.assert(
      fc.property(world, ({ durationMs: durationSeconds, events }) => {
        const durationMs = durationSeconds * second
        let [name, percent, nowMs] = ["start", 100, 0]
        let state = goal(name)
        const look = (isServed: boolean): number | undefined => {
          const before = state
          // Through its text, as it is kept.
          const kept = parseRollout(JSON.stringify(before))
          expect(kept).toEqual(before)
          const { rollout, wakeAtMs } = advance(goal(name, percent), kept, { nowMs, durationMs, isServed })
          const all = rollout.configurations[0]?.revisions ?? []
          expect(all.reduce((sum, share) => sum + share.percent, 0)).toBe(percent)
          expect(all.every((share) => share.percent > 0)).toBe(true)
          expect(new Set(all.map(({ revisionName }) => revisionName)).size).toBe(all.length)
          expect(all.at(-1)?.revisionName).toBe(name)
          const last = before.configurations[0]
          const same = last?.percent === percent && last.revisions.at(-1)?.revisionName === name
          if (same) expect(all.at(-1)?.percent).toBeGreaterThanOrEqual(last.revisions.at(-1)?.percent ?? 0)
          state = rollout
          return wakeAtMs
        }
        for (const each of events) {
          if (each.kind === "revision") name = each.name
          else if (each.kind === "share") percent = each.percent
          else nowMs += each.ms
          look(each.kind === "wait" && each.isServed)
        }
        // From here on nothing happens but time, and gateways that serve what they are told.
        const startedMs = nowMs
        for (let wake = look(true), steps = 0; wake !== undefined; wake = look(true), steps++) {
          expect(steps).toBeLessThan(100)
          expect(wake).toBeGreaterThan(nowMs)
          nowMs = wake
        }
        expect(sharesOf(state, "", "hello")).toBeUndefined()
        expect(nowMs - startedMs).toBeLessThanOrEqual(Math.max(durationMs, second) + 100)
      }),
      { numRuns: 400 },
    )
  })
})
