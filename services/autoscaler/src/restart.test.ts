import { readConfig } from "@wick/sdk/api/serving/config"
import type { LoadStretch } from "@wick/sdk/wire"
import { describe, expect, it } from "vitest"
import { RevisionScaler } from "./revision-scaler.ts"
import { type ScalingSpec, scalingSpec } from "./settings.ts"

const second = 1000
const stepMs = 50
const podStartMs = 800
const spec: ScalingSpec = {
  ...scalingSpec({ metadata: {}, spec: {} }, readConfig({}).autoscaler),
  targetPerPod: 10,
  totalPerPod: 10,
}

interface Outage {
  readonly atMs: number
  readonly forMs: number
}

/**
 * A revision under load that changes, an activator that reports each second and each twentieth of one while requests
 * press, and pods that come a while after they are asked for. In an outage nobody decides; then somebody does who knows
 * nothing but what the API and the activator tell. Gives how many pods are wanted at each step.
 */
function play(load: (ms: number) => number, untilMs: number, outage?: Outage): number[] {
  const desired: number[] = []
  let replicas = 2
  let ready = 2
  const arrivals: { atMs: number; count: number }[] = []
  let reportedMs = 0
  let area = 0
  const told: { fromMs: number; toMs: number; concurrency: number }[] = []
  const begin = (nowMs: number): RevisionScaler =>
    new RevisionScaler({ spec, activity: { kind: "active", sinceMs: 0 }, found: Math.max(ready, replicas), nowMs })
  let scaler: RevisionScaler | undefined = begin(0)
  let watchedSinceMs = 0
  let wakeMs = 0
  const plan = (nowMs: number): void => {
    if (scaler === undefined) return
    const watchedMs = nowMs - watchedSinceMs
    const situation = { spec, readyPods: ready, replicas, initialized: true, watchedMs, proxied: true }
    const { replicas: wanted, wakeAfterMs = Number.POSITIVE_INFINITY } = scaler.plan(situation, nowMs)
    wakeMs = nowMs + wakeAfterMs
    if (wanted === replicas) return
    replicas = wanted
    arrivals.push({ atMs: nowMs + podStartMs, count: wanted })
  }
  for (let nowMs = stepMs; nowMs <= untilMs; nowMs += stepMs) {
    const concurrency = load(nowMs)
    area += concurrency * stepMs
    for (; arrivals[0] !== undefined && arrivals[0].atMs <= nowMs; arrivals.shift()) {
      ready = arrivals[0].count
      plan(nowMs)
    }
    if (nowMs === outage?.atMs) scaler = undefined
    if (outage !== undefined && nowMs === outage.atMs + outage.forMs) {
      scaler = begin(nowMs)
      watchedSinceMs = nowMs
      plan(nowMs)
      const stretches = told.map(
        ({ fromMs, toMs, concurrency: average }): LoadStretch => ({
          endedMsAgo: nowMs - toMs,
          lengthMs: toMs - fromMs,
          concurrency: average,
          requests: average,
        }),
      )
      scaler.recall(stretches, nowMs)
      plan(nowMs)
    }
    const isPressed = scaler?.isPressed() ?? false
    const dueMs = reportedMs + (isPressed ? stepMs : second)
    if (scaler !== undefined && nowMs >= dueMs) {
      const average = area / (nowMs - reportedMs)
      const report = { namespace: "n", name: "r", concurrency: average, concurrencyNow: concurrency, requests: average }
      scaler.report("a", { ...report, waiting: 0, pods: {} }, nowMs - reportedMs, nowMs)
      told.push({ fromMs: reportedMs, toMs: nowMs, concurrency: average })
      while ((told[0]?.toMs ?? nowMs) < nowMs - 60 * second) told.shift()
      reportedMs = nowMs
      area = 0
      if (scaler.isPressed()) plan(nowMs)
    }
    if (nowMs >= wakeMs) plan(nowMs)
    desired.push(replicas)
  }
  return desired
}

const loads: Record<string, (ms: number) => number> = {
  "a load that jumps from 20 to 100": (ms) => (ms < 90 * second ? 20 : 100),
  "a load that falls from 100 to 20": (ms) => (ms < 90 * second ? 100 : 20),
  "a load that does not change": () => 60,
  "a load that climbs for a minute": (ms) => 20 + 80 * Math.min(1, Math.max(0, (ms - 90 * second) / (60 * second))),
}
/** Until everybody who reports has told what they saw, and the next look after that, it may want more than is right. */
const settledMs = 8 * second
/** Reports come at other moments than they would have come, and what follows from them does. */
const shiftMs = 2 * second
const untilMs = 150 * second

describe("an autoscaler that is killed and begins anew", () => {
  it.each(Object.entries(loads))(
    "wants what it would have wanted, or one pod more or less, under %s",
    (_name, load) => {
      const whole = play(load, untilMs)
      const strayed: string[] = []
      for (let atMs = 85 * second; atMs <= 100 * second; atMs += 750) {
        for (const forMs of [250, 1000, 3000]) {
          const broken = play(load, untilMs, { atMs, forMs })
          const end = broken.length - shiftMs / stepMs
          // From the first report on.
          for (let step = (atMs + forMs + second) / stepMs; step < end; step++) {
            const around = whole.slice(step - shiftMs / stepMs, step + shiftMs / stepMs)
            const pods = broken[step] ?? 0
            // While it does not know better it may only want more.
            const isMore = pods > Math.max(...around) + 1 && step * stepMs >= atMs + forMs + settledMs
            if (!isMore && pods >= Math.min(...around) - 1) continue
            strayed.push(
              `killed at ${atMs} for ${forMs} ms: ${pods} at ${step * stepMs} ms where ${around[0]} were right`,
            )
            break
          }
        }
      }
      expect(strayed).toEqual([])
    },
  )
})
