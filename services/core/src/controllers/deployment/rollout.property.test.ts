import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { seededRandom } from "@wick/sdk/clock"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { deployment, replicaSet, template } from "../testing/objects.ts"
import { decide } from "./decide.ts"
import { slackOf } from "./replica-counts.ts"

/** Far more steps than any rollout of this size needs. */
const stepsMax = 2_000

/** A rollout with ReplicaSets that obey, in their own time: pods come, become available and go as chance has it. */
class Rollout {
  sets: ReplicaSet[]
  wanted: Deployment
  #nowMs = Date.parse("2026-01-01T00:00:00Z")
  readonly #random

  constructor(wanted: Deployment, sets: ReplicaSet[], seed: number) {
    this.wanted = wanted
    this.sets = sets
    this.#random = seededRandom(seed)
  }

  step(): void {
    this.#nowMs += 1_000
    const plan = decide(
      { deployment: this.wanted, sets: this.sets, livePods: (set) => set.status?.replicas ?? 0 },
      this.#nowMs,
    )
    if (plan.create) {
      const { name, annotations } = plan.create.metadata
      const status = { replicas: 0, availableReplicas: 0 }
      const spec = { template: this.wanted.spec.template }
      this.sets.push(replicaSet(name, plan.create.spec.replicas ?? 0, { metadata: { annotations }, spec, status }))
    }
    for (const { set, replicas, annotations } of plan.change) {
      const metadata = { ...set.metadata, annotations: annotations ?? set.metadata.annotations }
      this.#replace(set, {
        ...set,
        metadata,
        spec: { ...set.spec, replicas: replicas ?? set.spec.replicas },
      } as ReplicaSet)
    }
    this.wanted = { ...this.wanted, status: plan.status }
    for (const set of this.sets) this.#obey(set)
  }

  /** What is too much goes at once, available pods last; what is missing comes, and becomes available, by and by. */
  #obey(set: ReplicaSet): void {
    const { replicas } = set.spec
    const before = set.status?.availableReplicas ?? 0
    const grown = before + this.#random.below(Math.max(0, replicas - before) + 1)
    const availableReplicas = Math.min(grown, replicas)
    this.#replace(set, { ...set, status: { ...set.status, replicas, availableReplicas } } as ReplicaSet)
  }

  #replace(old: ReplicaSet, next: ReplicaSet): void {
    this.sets = this.sets.map((set) => (set.metadata.name === old.metadata.name ? next : set))
  }

  get total(): number {
    return this.sets.reduce((sum, { spec }) => sum + spec.replicas, 0)
  }

  get available(): number {
    return this.sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0)
  }

  get finished(): boolean {
    const { replicas = 0, updatedReplicas, availableReplicas } = this.wanted.status ?? {}
    const all = this.wanted.spec.replicas
    return replicas === all && updatedReplicas === all && availableReplicas === all
  }
}

const count = fc.integer({ min: 0, max: 12 })
const share = fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`)
const slack = fc.oneof(count, share)

function wantedOf(replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment {
  return deployment(replicas, {
    spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } },
  })
}

describe("a rolling update", () => {
  it("never has too many pods, never too few that serve, and comes to an end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), slack, slack, fc.nat(), (replicas, surge, unavailable, seed) => {
        const wanted = wantedOf(replicas, surge, unavailable)
        const status = { replicas, availableReplicas: replicas }
        const before = replicaSet("before", replicas, { spec: { template: template("web:0") }, status })
        const rollout = new Rollout(wanted, [before], seed)
        const limits = slackOf(wanted)
        for (let step = 0; step < stepsMax && !rollout.finished; step++) {
          rollout.step()
          expect(rollout.total).toBeLessThanOrEqual(replicas + limits.surge)
          expect(rollout.available).toBeGreaterThanOrEqual(replicas - limits.unavailable)
        }
        expect(rollout.finished).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it("comes to an end also when it is scaled on the way, whatever to", () => {
    fc.assert(
      fc.property(
        count,
        count,
        slack,
        slack,
        fc.nat(),
        fc.nat({ max: 10 }),
        (from, to, surge, unavailable, seed, after) => {
          const status = { replicas: from, availableReplicas: from }
          const before = replicaSet("before", from, { spec: { template: template("web:0") }, status })
          const rollout = new Rollout(wantedOf(from, surge, unavailable), [before], seed)
          for (let step = 0; step < after; step++) rollout.step()
          rollout.wanted = { ...wantedOf(to, surge, unavailable), status: rollout.wanted.status }
          rollout.step()
          for (let step = 0; step < stepsMax && !rollout.finished; step++) rollout.step()
          expect(rollout.finished).toBe(true)
          expect(rollout.total).toBe(to)
        },
      ),
      { numRuns: 200 },
    )
  })
})
