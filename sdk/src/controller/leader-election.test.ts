import { describe, expect, it } from "vitest"
import { createClient } from "../client/index.ts"
import { type Clock, SimulatedClock, seededRandom } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import { electLeader, type LeaderElectionOptions } from "./leader-election.ts"
import type { LeadershipTerm } from "./leadership-term.ts"
import type { Mandate, MandateState } from "./mandate.ts"

interface StoredLease {
  metadata: { name?: string; namespace?: string; resourceVersion: string; annotations?: Record<string, string> }
  spec: Record<string, unknown>
}

/** One lease behind wires that can be cut, or can hang without a word. */
class Story {
  readonly clock = new SimulatedClock()
  lease: StoredLease | undefined
  readonly cut = new Set<string>()
  readonly hanging = new Set<string>()
  /** Whose writes are carried out, and not answered before he has been stopped. */
  readonly late = new Set<string>()
  readonly history: string[] = []
  readonly terms = new Map<string, LeadershipTerm>()
  writes = 0
  leading = 0
  leadingMax = 0

  candidate(identity: string, options: Partial<LeaderElectionOptions> = {}): AsyncDisposable {
    const { fetch } = scriptedFetch(async ({ method, body }) => {
      if (this.hanging.has(identity)) await new Promise(() => {})
      if (this.cut.has(identity)) throw new TypeError("fetch failed")
      if (method === "GET") return this.lease ? Response.json(this.lease) : no(404, "NotFound")
      const written = body as StoredLease
      if (written.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return no(409, "Conflict")
      const resourceVersion = String(Number(this.lease?.metadata.resourceVersion ?? 0) + 1)
      this.lease = { ...written, metadata: { ...written.metadata, resourceVersion } }
      this.writes++
      if (this.late.delete(identity)) await new Promise(() => {})
      return Response.json(this.lease)
    })
    const given = { client: createClient({ fetch }), clock: this.clock, random: seededRandom(1), log: silentLog }
    const named = { namespace: "kube-system", name: "controller", identity }
    return electLeader({ ...given, ...named, ...options }, async (term) => {
      this.history.push(`${identity} leads`)
      this.terms.set(identity, term)
      this.leadingMax = Math.max(this.leadingMax, ++this.leading)
      await new Promise((resolve) => term.signal.addEventListener("abort", resolve))
      this.leading--
      this.history.push(`${identity} stops`)
    })
  }
}

/** A mandate that the story gives and takes. */
class GivenMandate implements Mandate {
  #state: MandateState
  readonly #listeners = new Set<() => void>()
  constructor(state: MandateState) {
    this.#state = state
  }
  get state(): MandateState {
    return this.#state
  }
  set(state: MandateState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** The same time, told wrongly: hours off, and running faster or slower. */
function skewed(clock: SimulatedClock, offsetMs: number, rate: number): Clock {
  const origin = clock.monotonic()
  const told = (): number => origin + offsetMs + (clock.monotonic() - origin) * rate
  return {
    now: told,
    monotonic: told,
    sleep: (ms, signal) => clock.sleep(ms / rate, signal),
    timer: (ms, callback) => clock.timer(ms / rate, callback),
  }
}

function no(code: number, reason: string): Response {
  return Response.json({ kind: "Status", code, reason, message: reason }, { status: code })
}

/** Disposes while time goes on. */
async function stop(story: Story, ...candidates: AsyncDisposable[]): Promise<void> {
  const stopped = candidates.map((candidate) => candidate[Symbol.asyncDispose]())
  await story.clock.advance(0)
  await Promise.all(stopped)
}

describe("leader election", () => {
  it("lets one lead, and the next one soon after it handed over", async () => {
    const story = new Story()
    const first = story.candidate("first")
    await story.clock.advance(10)
    const second = story.candidate("second")
    await story.clock.advance(60_000)
    expect(story.history).toEqual(["first leads"])
    await stop(story, first)
    expect(story.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 })
    await story.clock.advance(3_000)
    expect(story.history).toEqual(["first leads", "first stops", "second leads"])
    expect(story.lease?.spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1, leaseDurationSeconds: 15 })
    await stop(story, second)
  })

  it.each(["claim", "renewal"])("hands back what a %s that was under way at its end has taken", async (what) => {
    const story = new Story()
    if (what === "claim") story.late.add("first")
    const first = story.candidate("first")
    await story.clock.advance(10)
    if (what === "renewal") story.late.add("first")
    await story.clock.advance(3_000)
    expect(story.late.size).toBe(0)
    expect(story.lease?.spec).toMatchObject({ holderIdentity: "first" })
    await stop(story, first)
    expect(story.lease?.spec).toMatchObject({ holderIdentity: "" })
  })

  it.each(["cut", "hanging"] as const)("has the leader stop before another begins when its wire is %s", async (how) => {
    const story = new Story()
    const first = story.candidate("first")
    await story.clock.advance(10)
    const second = story.candidate("second")
    await story.clock.advance(5_000)
    story[how].add("first")
    await story.clock.advance(40_000)
    expect(story.history).toEqual(["first leads", "first stops", "second leads"])
    await stop(story, first, second)
  })

  it("takes its own lease again at once after a crash", async () => {
    const story = new Story()
    const metadata = { name: "controller", namespace: "kube-system", resourceVersion: "7" }
    story.lease = { metadata, spec: { holderIdentity: "first" } }
    const first = story.candidate("first")
    await story.clock.advance(0)
    expect(story.history).toEqual(["first leads"])
    await stop(story, first)
    expect(story.lease.spec.holderIdentity).toBe("")
  })

  it("is no longer valid the moment its deadline has passed, before any timer said so", async () => {
    const story = new Story()
    const late = { ...story.clock, frozenMs: 0 }
    const clock: Clock = {
      now: () => story.clock.now(),
      monotonic: () => story.clock.monotonic() + late.frozenMs,
      sleep: (ms, signal) => story.clock.sleep(ms, signal),
      timer: (ms, callback) => story.clock.timer(ms, callback),
    }
    const first = story.candidate("first", { clock })
    await story.clock.advance(10)
    const term = story.terms.get("first")
    expect(term?.isValid()).toBe(true)
    late.frozenMs = 10_001
    expect(term?.signal.aborted).toBe(false)
    expect(term?.isValid()).toBe(false)
    late.frozenMs = 0
    // A renewal that was under way has been heard; but somebody has been told already that it was over.
    await story.clock.advance(3_000)
    expect(term?.isValid()).toBe(false)
    expect(story.history).toEqual(["first leads", "first stops", "first leads"])
    await stop(story, first)
  })

  it("never has two at once, whatever their clocks tell and whichever wires are cut and when", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const story = new Story()
      const chance = seededRandom(seed)
      const names = ["a", "b", "c"]
      const candidates = names.map((name) => {
        // Rates are off by up to 5 %: a lease of 15 s over a deadline of 10 s forgives far more.
        const clock = skewed(story.clock, chance.below(7_200_000) - 3_600_000, 0.95 + chance.below(100) / 1000)
        return story.candidate(name, { clock, random: seededRandom(seed) })
      })
      for (let step = 0; step < 30; step++) {
        const name = names[chance.below(3)] as string
        const wire = chance.below(2) === 0 ? story.cut : story.hanging
        if (chance.below(2) === 0) wire.add(name)
        else {
          story.cut.delete(name)
          story.hanging.delete(name)
        }
        await story.clock.advance(chance.below(8_000))
      }
      expect(story.leadingMax, `seed ${seed}`).toBe(1)
      story.hanging.clear()
      await stop(story, ...candidates)
    }
  })
})

describe("leader election by a mandate", () => {
  it("writes nothing and does not tick while alone, and takes the lease when it is no longer", async () => {
    const story = new Story()
    const mandate = new GivenMandate({ kind: "alone" })
    const first = story.candidate("first", { mandate })
    await story.clock.advance(3_600_000)
    expect(story.history).toEqual(["first leads"])
    expect(story.lease).toBeUndefined()
    mandate.set({ kind: "ours", term: 1 })
    await story.clock.advance(0)
    expect(story.lease).toMatchObject({
      metadata: { annotations: { "wick.dev/mandate-term": "1" } },
      spec: { holderIdentity: "first" },
    })
    expect(story.history).toEqual(["first leads"])
    await stop(story, first)
  })

  it("takes over at once under a newer term, and never contends without one", async () => {
    const story = new Story()
    const mandates = [new GivenMandate({ kind: "ours", term: 4 }), new GivenMandate({ kind: "none" })] as const
    const first = story.candidate("first", { mandate: mandates[0] })
    const second = story.candidate("second", { mandate: mandates[1] })
    await story.clock.advance(120_000)
    expect(story.history).toEqual(["first leads"])
    // The first is frozen or cut off and knows nothing of it.
    story.hanging.add("first")
    mandates[1].set({ kind: "ours", term: 5 })
    await story.clock.advance(0)
    expect(story.history).toEqual(["first leads", "second leads"])
    expect(story.lease?.spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 })
    mandates[0].set({ kind: "none" })
    await story.clock.advance(0)
    expect(story.history.at(-1)).toBe("first stops")
    await stop(story, first, second)
  })

  it("leaves a lease alone that was taken under a newer term than its own", async () => {
    const story = new Story()
    const annotations = { "wick.dev/mandate-term": "9" }
    const metadata = { name: "controller", namespace: "kube-system", resourceVersion: "7", annotations }
    story.lease = { metadata, spec: { holderIdentity: "other", leaseDurationSeconds: 15 } }
    const late = story.candidate("late", { mandate: new GivenMandate({ kind: "ours", term: 8 }) })
    await story.clock.advance(120_000)
    expect(story.history).toEqual([])
    await stop(story, late)
  })

  it("waits as everybody does for a lease that was taken without a mandate", async () => {
    const story = new Story()
    const metadata = { name: "controller", namespace: "kube-system", resourceVersion: "7" }
    story.lease = { metadata, spec: { holderIdentity: "other", leaseDurationSeconds: 15 } }
    const ours = story.candidate("ours", { mandate: new GivenMandate({ kind: "ours", term: 8 }) })
    await story.clock.advance(14_000)
    expect(story.history).toEqual([])
    await story.clock.advance(12_000)
    expect(story.history).toEqual(["ours leads"])
    await stop(story, ours)
  })

  it("begins anew when its term has changed under it", async () => {
    const story = new Story()
    const mandate = new GivenMandate({ kind: "ours", term: 1 })
    const first = story.candidate("first", { mandate })
    await story.clock.advance(10)
    mandate.set({ kind: "ours", term: 3 })
    await story.clock.advance(1_000)
    expect(story.history).toEqual(["first leads", "first stops", "first leads"])
    expect(story.lease?.metadata.annotations).toEqual({ "wick.dev/mandate-term": "3" })
    await stop(story, first)
  })
})
