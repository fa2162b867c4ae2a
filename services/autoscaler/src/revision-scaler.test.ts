import { readConfig } from "@wick/sdk/api/serving/config"
import type { RevisionLoad } from "@wick/sdk/wire"
import { describe, expect, it } from "vitest"
import { type Plan, RevisionScaler } from "./revision-scaler.ts"
import type { Activity } from "./scale-to-zero.ts"
import { type ScalingSpec, scalingSpec } from "./settings.ts"

const start = 10_000_000
const second = 1000

/** A revision and its load over minutes; pods come, and go, a fifth of a second after they were asked to. */
class Story {
  now = start
  ready: number
  initialized: boolean
  watched: number | undefined = start
  proxied = true
  /** Whether requests are for the revision's own Service. */
  direct = false
  plans: { at: number; replicas: number }[] = []
  plan: Plan | undefined
  readonly spec: ScalingSpec
  readonly scaler: RevisionScaler
  #wakeAt: number | undefined
  #arrivals: { at: number; ready: number }[] = []

  constructor(
    spec: Partial<ScalingSpec> = {},
    first: { ready?: number; activity?: Activity; initialized?: boolean } = {},
  ) {
    this.spec = {
      ...scalingSpec({ metadata: {}, spec: {} }, readConfig({}).autoscaler),
      targetPerPod: 10,
      totalPerPod: 10,
      ...spec,
    }
    this.ready = first.ready ?? 0
    this.initialized = first.initialized ?? true
    const activity = first.activity ?? { kind: "inactive", sinceMs: start, because: "NoTraffic" }
    this.scaler = new RevisionScaler({ spec: this.spec, activity, found: this.ready, nowMs: start })
    this.look()
  }

  get replicas(): number {
    return this.plan?.replicas ?? 0
  }

  look(): void {
    const plan = this.scaler.plan(
      {
        spec: this.spec,
        readyPods: this.ready,
        replicas: this.plan?.replicas ?? this.ready,
        initialized: this.initialized,
        watchedMs: this.watched === undefined ? undefined : this.now - this.watched,
        proxied: this.proxied,
      },
      this.now,
    )
    this.initialized = plan.initialized
    if (plan.replicas !== this.plan?.replicas) {
      this.plans.push({ at: (this.now - start) / second, replicas: plan.replicas })
      this.#arrivals.push({ at: this.now + 200, ready: plan.replicas })
    }
    this.plan = plan
    this.#wakeAt = plan.wakeAfterMs === undefined ? undefined : this.now + plan.wakeAfterMs
  }

  poke(): void {
    this.scaler.aggregate.poke("a", this.now)
    this.look()
  }

  /** Lets time pass under `concurrency`, reported each `everyMs`. */
  run(seconds: number, concurrency: number, everyMs = second): this {
    const end = this.now + seconds * second
    let reportAt = concurrency > 0 ? this.now + everyMs : Number.POSITIVE_INFINITY
    if (concurrency === 0) this.#report(0, 1)
    for (;;) {
      const next = Math.min(end, reportAt, this.#wakeAt ?? end, this.#arrivals[0]?.at ?? end)
      this.now = Math.max(this.now, next)
      if (this.#arrivals[0] && this.#arrivals[0].at <= this.now) {
        this.ready = this.#arrivals.shift()?.ready ?? this.ready
        this.look()
      }
      if (reportAt <= this.now) {
        this.#report(concurrency, everyMs)
        reportAt += everyMs
        if (this.scaler.isPressed()) this.look()
      }
      if (this.#wakeAt !== undefined && this.#wakeAt <= this.now) this.look()
      if (this.now >= end) return this
    }
  }

  #report(concurrency: number, everyMs: number): void {
    const waiting = this.ready === 0 ? concurrency : 0
    const load: RevisionLoad = {
      namespace: "n",
      name: "r",
      concurrency,
      concurrencyNow: concurrency,
      waiting,
      requests: concurrency,
      pods: {},
      ...(this.direct && { direct: true }),
    }
    const wasIdle = this.scaler.aggregate.isIdle(this.now)
    this.scaler.report("a", load, everyMs, this.now)
    if (wasIdle && concurrency > 0) this.look()
  }
}

const active: Activity = { kind: "active", sinceMs: start - 3_600_000 }

describe("a revision's day", () => {
  it("goes from zero to one at the poke, without waiting for a report", () => {
    const story = new Story()
    expect(story.replicas).toBe(0)
    story.poke()
    expect(story.replicas).toBe(1)
    expect(story.plan?.activity.kind).toBe("activating")
  })

  it("is looked at no more for requests that wait for the pods it has decided on, until there are more of them", () => {
    const waiting = (concurrency: number): RevisionLoad => {
      const seen = { concurrency, concurrencyNow: concurrency, waiting: concurrency, requests: concurrency }
      return { namespace: "n", name: "r", ...seen, pods: {} }
    }
    const { scaler, spec } = new Story()
    const plan = (replicas: number) =>
      scaler.plan({ spec, readyPods: 0, replicas, initialized: true, watchedMs: second, proxied: true }, start).replicas
    const isPressedBy = (concurrency: number): boolean => {
      scaler.report("a", waiting(concurrency), 50, start)
      return scaler.isPressed()
    }
    expect(isPressedBy(3)).toBe(true)
    expect(plan(0)).toBe(1)
    expect(isPressedBy(3)).toBe(false)
    expect(isPressedBy(11)).toBe(true)
  })

  it("is looked at no more for load beyond its max-scale", () => {
    const story = new Story({ maxScale: 4 })
    story.run(30, 500)
    expect(story.scaler.isPressed()).toBe(false)
  })

  it("is not lit again to be retained when it is found at zero", () => {
    const { scaler, spec } = new Story({ retentionMs: 60_000 })
    const situation = { spec, readyPods: 0, replicas: 0, initialized: true, watchedMs: undefined, proxied: true }
    expect(scaler.plan(situation, start).replicas).toBe(0)
  })

  it("is active when its pod is ready, and asks for more pods by load within a second", () => {
    const story = new Story()
    story.poke()
    story.run(1, 100, 50)
    expect(story.plan?.activity.kind).toBe("active")
    expect(story.replicas).toBe(10)
  })

  it("scales 1 to 10 within half a second of a jump, though the panic window has seen little of it", () => {
    const story = new Story({}, { ready: 1, activity: active })
    story.run(60, 1)
    expect(story.replicas).toBe(1)
    story.run(0.5, 100, 50)
    expect(story.replicas).toBeGreaterThanOrEqual(9)
    expect(story.plan?.mode).toBe("panic")
  })

  it("is not moved by a blink of many quick requests", () => {
    const story = new Story({}, { ready: 1, activity: active })
    story.run(60, 1).run(0.02, 100, 20).run(1, 1)
    expect(story.replicas).toBeLessThanOrEqual(1)
  })

  it("holds ten pods through a steady load and goes back in halves", () => {
    const story = new Story()
    story.poke()
    story.run(120, 100).run(300, 1)
    const numbers = story.plans.map(({ replicas }) => replicas)
    expect(Math.max(...numbers)).toBe(10)
    expect(numbers.at(-1)).toBe(1)
    expect(story.plans.filter(({ at }) => at > 2 && at < 120)).toEqual([])
  })

  it("does not see load fall between two reports, however short the windows", () => {
    const story = new Story({ stableWindowMs: 6000, panicWindowMs: 600 })
    story.poke()
    story.run(1, 100, 50).run(20, 100)
    expect(story.plans.filter(({ at }) => at > 1.5)).toEqual([])
    expect(story.replicas).toBe(10)
  })

  it("is taken to zero a stable window after the last request, and sleeps without ticking", () => {
    const story = new Story()
    story.poke()
    story.run(10, 1).run(90, 0)
    expect(story.plans.at(-1)?.replicas).toBe(0)
    expect(story.plans.at(-1)?.at).toBeGreaterThanOrEqual(70)
    expect(story.plans.at(-1)?.at).toBeLessThan(75)
    expect(story.plan?.activity).toMatchObject({ kind: "inactive", because: "NoTraffic" })
    expect(story.plan?.wakeAfterMs).toBeUndefined()
  })

  it("keeps the last pod for the retention period beyond that", () => {
    const story = new Story({ retentionMs: 60_000 })
    story.poke()
    story.run(10, 1).run(180, 0)
    expect(story.plans.at(-1)).toMatchObject({ replicas: 0 })
    expect(story.plans.at(-1)?.at).toBeGreaterThanOrEqual(130)
  })

  it("keeps the last pod until activators stand where it stood, and at most for the grace period", () => {
    const late = new Story()
    late.proxied = false
    late.poke()
    late.run(10, 1).run(80, 0)
    expect([late.replicas, late.plan?.backing?.mode]).toEqual([1, "Proxy"])
    late.proxied = true
    late.look()
    expect(late.replicas).toBe(0)
    const never = new Story()
    never.proxied = false
    never.poke()
    never.run(10, 1).run(89, 0)
    expect(never.replicas).toBe(1)
    never.run(5, 0)
    expect(never.replicas).toBe(0)
  })

  it("answers for itself when its pods have room for a burst, and says nothing of it while nobody reports", () => {
    const story = new Story({ targetBurstCapacity: 30, activatorCapacity: 20 })
    story.poke()
    story.run(10, 10)
    expect(story.plan?.backing).toEqual({ mode: "Proxy", activators: 2 })
    const roomy = new Story({ targetBurstCapacity: 30, minScale: 10, activatorCapacity: 20 })
    roomy.run(10, 10)
    expect(roomy.plan?.backing).toEqual({ mode: "Serve", activators: 7 })
    roomy.watched = undefined
    roomy.look()
    expect(roomy.plan?.backing).toBeUndefined()
  })

  it("at zero has as many activators as with its first pod, so that this comes and goes without a word of them", () => {
    const story = new Story({ targetBurstCapacity: 15, activatorCapacity: 5 })
    story.look()
    const atZero = story.plan?.backing
    story.poke()
    story.run(10, 1)
    expect(story.plan?.replicas).toBe(1)
    expect(story.plan?.backing).toEqual(atZero)
  })

  it("leaves its own Service to activators as long as somebody calls that, and a stable window longer", () => {
    const story = new Story({ targetBurstCapacity: 0, minScale: 3 })
    story.run(10, 5)
    expect(story.plan?.backing?.mode).toBe("Serve")
    story.direct = true
    story.run(120, 5)
    expect(story.plan?.backing?.mode).toBe("Proxy")
    story.direct = false
    story.run(50, 5)
    expect(story.plan?.backing?.mode).toBe("Proxy")
    story.run(20, 5)
    expect(story.plan?.backing?.mode).toBe("Serve")
  })

  it("leaves its Service as it was found for a stable window: whoever was here before may have seen callers there", () => {
    const story = new Story({ targetBurstCapacity: 0, minScale: 3 }, { ready: 3, activity: active })
    story.run(50, 5)
    expect(story.plan?.backing?.mode).toBe("Proxy")
    story.run(20, 5)
    expect(story.plan?.backing?.mode).toBe("Serve")
  })

  it("never goes below min-scale or above max-scale", () => {
    const story = new Story({ minScale: 2, maxScale: 4 })
    expect(story.replicas).toBe(2)
    story.run(30, 500)
    expect(story.replicas).toBe(4)
    story.run(600, 0)
    expect(story.replicas).toBe(2)
    expect(story.plan?.wakeAfterMs).toBeUndefined()
  })

  it("goes to zero at once when no route leads to it, min-scale or not", () => {
    const story = new Story({ minScale: 2, reachable: false }, { ready: 2, activity: active })
    story.run(120, 0)
    expect(story.replicas).toBe(0)
  })

  it("goes to zero when no route leads to it and nobody calls, though its pod never came up", () => {
    const story = new Story({ reachable: false }, { activity: { kind: "activating", sinceMs: start }, ready: 0 })
    story.run(120, 0)
    expect(story.replicas).toBe(0)
    expect(story.plan?.activity).toMatchObject({ because: "NoTraffic" })
  })

  it("lets scale-down-delay hold what was needed", () => {
    const story = new Story({ scaleDownDelayMs: 300_000 })
    story.poke()
    story.run(60, 100).run(240, 0)
    expect(story.replicas).toBe(10)
    story.run(200, 0)
    expect(story.replicas).toBe(0)
  })

  it("begins with initial-scale and is initialized when that was ready", () => {
    const story = new Story(
      { initialScale: 3 },
      { initialized: false, activity: { kind: "activating", sinceMs: start } },
    )
    expect(story.replicas).toBe(3)
    expect(story.initialized).toBe(false)
    story.run(1, 0)
    expect(story.initialized).toBe(true)
    story.run(120, 0)
    expect(story.replicas).toBe(0)
  })

  it("gives up a first pod that never comes", () => {
    const story = new Story(
      { activationTimeoutMs: 60_000 },
      { activity: { kind: "activating", sinceMs: start }, ready: 0 },
    )
    story.watched = start
    story.look()
    expect(story.replicas).toBe(1)
    story.now += 60_000
    story.look()
    expect(story.replicas).toBe(0)
    expect(story.plan?.activity).toMatchObject({ because: "TimedOut" })
    story.poke()
    expect(story.replicas).toBe(1)
  })

  it("changes nothing while no activator is connected", () => {
    const story = new Story({}, { ready: 3, activity: active })
    story.watched = undefined
    story.run(600, 0)
    story.look()
    expect(story.replicas).toBe(3)
  })

  it("takes nothing away for a stable window after a restart", () => {
    const story = new Story({}, { ready: 5, activity: active })
    expect(story.replicas).toBe(5)
    story.run(58, 0)
    expect(story.replicas).toBe(5)
    story.run(60, 0)
    expect(story.replicas).toBe(0)
  })

  it("keeps one pod for ever where scale to zero is off", () => {
    const story = new Story({ scaleToZero: false }, { ready: 1, activity: active })
    story.run(600, 0)
    expect(story.replicas).toBe(1)
  })
})
