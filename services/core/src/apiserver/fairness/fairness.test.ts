import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { createMetrics } from "@wick/sdk/metrics"
import { describe, expect, it, vi } from "vitest"
import type { Action } from "../authorization/rule.ts"
import { flowControlObjects } from "./bootstrap-objects.ts"
import { configurationOf, type FlowControlObjects } from "./configuration.ts"
import { createFairness, type Fairness, type Seat } from "./index.ts"

const action: Action = {
  kind: "resource",
  verb: "list",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "",
  name: "",
}
const user = (name: string, ...groups: string[]) => ({ name, groups: ["system:authenticated", ...groups] })
const jo = user("jo")
const crowd = user("crowd")
const master = user("admin", "system:masters")

const ofKind = (kind: string): never[] => flowControlObjects().filter((object) => object.kind === kind) as never[]
const usual: FlowControlObjects = { levels: ofKind("PriorityLevelConfiguration"), schemas: ofKind("FlowSchema") }

function start(objects = usual): { clock: SimulatedClock; fairness: Fairness; text: () => Promise<string> } {
  const clock = new SimulatedClock()
  const metrics = createMetrics({ process: false })
  const fairness = createFairness({ clock, metrics })
  fairness.configure(configurationOf(objects))
  return { clock, fairness, text: () => metrics.text() }
}

/** Takes seats until there is none left; those and the first request that waits. */
function fill(fairness: Fairness, who = crowd): { seats: Seat[]; waiting: Promise<Seat> } {
  const seats: Seat[] = []
  for (let i = 0; i < 1_000; i++) {
    const seat = fairness.enter(who, action)
    if (seat instanceof Promise) return { seats, waiting: seat }
    seats.push(seat)
  }
  throw new Error("there are fewer seats than that")
}

describe("the server's fairness", () => {
  it("refuses what waits too long, with Kubernetes' words, and lets masters through meanwhile", async () => {
    const { clock, fairness, text } = start()
    // Its own 49, and all that others lend.
    const { seats, waiting } = fill(fairness)
    expect(seats).toHaveLength(366)
    expect(fairness.enter(master, action)).not.toBeInstanceOf(Promise)
    const more: Promise<Seat>[] = [waiting]
    for (let i = 0; i < 1_000; i++) {
      const seat = fairness.enter(crowd, action)
      if (seat instanceof Promise) more.push(seat)
      else seats.push(seat)
    }
    const refused = await Promise.all([Promise.allSettled(more), clock.advance(15_000)]).then(([settled]) =>
      settled.filter(({ status }) => status === "rejected"),
    )
    expect(refused.at(-1)).toMatchObject({
      reason: {
        code: 429,
        message: "Too many requests, please try again later.",
        details: { retryAfterSeconds: 1 },
        sorted: { levelUid: "", schemaUid: "" },
      },
    })
    expect(await text()).toMatch(/rejected_requests_total\{priority_level="global-default",.*reason="time-out"\} \d+/)
    const next = fairness.enter(jo, action)
    for (const seat of seats) seat.leave()
    await expect(next).resolves.toBeDefined()
  })

  it("lends seats that nobody uses, and takes them back when their own level asks", async () => {
    const { clock, fairness, text } = start()
    const limitOf = async (level: string): Promise<number> =>
      Number(new RegExp(`current_limit_seats\\{priority_level="${level}"\\} (\\d+)`).exec(await text())?.[1])
    const before = await limitOf("global-default")
    const { seats, waiting } = fill(fairness)
    const asked = Array.from({ length: 250 }, () => fairness.enter(crowd, action))
    expect(await limitOf("global-default")).toBeGreaterThan(4 * before)
    await clock.advance(1_000)
    expect(await limitOf("system")).toBe(50)
    await clock.advance(100)
    const node = user("system:node:one", "system:nodes")
    const nodes = Array.from({ length: 74 }, () => fairness.enter(node, action))
    expect(nodes.filter((seat) => seat instanceof Promise)).toEqual([])
    expect(await limitOf("system")).toBeGreaterThanOrEqual(74)
    for (const one of [...seats, ...(nodes as Seat[])]) one.leave()
    for (const one of await Promise.all([waiting, ...asked])) one.leave()
    await clock.advance(30_000)
    expect(await limitOf("global-default")).toBe(before)
    const ticks = vi.spyOn(clock, "timer")
    await clock.advance(600_000)
    expect(ticks).not.toHaveBeenCalled()
    expect(await text()).toMatch(
      /current_executing_seats\{priority_level="global-default",flow_schema="global-default"\} 0/,
    )
  })

  it("follows its objects while requests wait: another level, more seats, no level at all", async () => {
    const { fairness } = start({ levels: [], schemas: [] })
    const level = (queuing: boolean, shares: number): never =>
      ({
        metadata: { name: "shop", uid: "level-1" },
        spec: {
          type: "Limited",
          limited: {
            nominalConcurrencyShares: shares,
            borrowingLimitPercent: 0,
            limitResponse: queuing
              ? { type: "Queue", queuing: { queues: 8, handSize: 2, queueLengthLimit: 10 } }
              : { type: "Reject" },
          },
        },
      }) as never
    const schema = {
      metadata: { name: "shop", uid: "schema-1" },
      spec: {
        priorityLevelConfiguration: { name: "shop" },
        matchingPrecedence: 7,
        distinguisherMethod: { type: "ByUser" },
        rules: [
          {
            subjects: [{ kind: "User", user: { name: "crowd" } }],
            resourceRules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"], clusterScope: true }],
          },
        ],
      },
    } as never
    // 5 shares are the mandatory level's.
    fairness.configure(configurationOf({ levels: [level(true, 5)], schemas: [schema] }))
    const { seats, waiting } = fill(fairness)
    expect(seats).toHaveLength(300)
    expect(seats[0]?.sorted).toEqual({ schemaUid: "schema-1", levelUid: "level-1" })
    expect(fairness.enter(crowd, { ...action, verb: "watch" })).not.toBeInstanceOf(Promise)
    fairness.configure(configurationOf({ levels: [level(true, 6)], schemas: [schema] }))
    await expect(waiting).resolves.toBeDefined()
    fairness.configure(configurationOf({ levels: [level(false, 0)], schemas: [schema] }))
    await expect(fairness.enter(crowd, action)).rejects.toMatchObject({ code: 429 })
    fairness.configure(configurationOf({ levels: [], schemas: [schema] }))
    expect(fairness.enter(crowd, action)).not.toBeInstanceOf(Promise)
  })

  it.each([1, 2, 3, 4, 5, 6])(
    "loses no seat and starves nobody, whatever is aborted, late, wide or done twice (seed %i)",
    async (seed) => {
      const random = seededRandom(seed)
      const { clock, fairness, text } = start()
      const open = new Set<Seat>()
      let inFlight = 0
      const ask = (name: string): Promise<"seated" | "refused"> => {
        inFlight += 1
        const leaving = new AbortController()
        const entered = fairness.enter(user(name), action, {
          width: 1 + random.below(10),
          signal: () => leaving.signal,
        })
        if (random.below(5) === 0) leaving.abort()
        return Promise.resolve(entered)
          .then((seat) => {
            open.add(seat)
            return "seated" as const
          })
          .catch(() => "refused" as const)
          .finally(() => inFlight--)
      }
      const finishSome = (): void => {
        for (const seat of [...open].slice(0, 30)) {
          open.delete(seat)
          seat.leave()
          if (random.below(4) === 0) seat.leave()
        }
      }
      const quiet: Promise<string>[] = []
      for (let round = 0; round < 60; round++) {
        while (inFlight < 1_000 && open.size + inFlight < 1_000) void ask(`noisy-${random.below(3)}`)
        const before = clock.now()
        const answer = fairness.enter(user("quiet"), action)
        quiet.push(
          Promise.resolve(answer).then((seat) => {
            open.add(seat)
            return clock.now() - before <= 2_000 ? "soon" : "late"
          }),
        )
        finishSome()
        await clock.advance(100)
      }
      for (let rest = 0; rest < 400 && (open.size > 0 || inFlight > 0); rest++) {
        finishSome()
        await clock.advance(100)
      }
      expect(new Set(await Promise.all(quiet))).toEqual(new Set(["soon"]))
      expect([open.size, inFlight]).toEqual([0, 0])
      const seats = [...(await text()).matchAll(/current_(?:executing|inqueue)_\w+\{.*\} (\S+)/g)].map(
        ([, value]) => value,
      )
      expect(new Set(seats)).toEqual(new Set(["0"]))
    },
  )
})
