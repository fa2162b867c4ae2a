import { readConfig } from "@wick/sdk/api/serving/config"
import { expect, it } from "vitest"
import { RevisionScaler } from "../revision-scaler.ts"
import { type ScalingSpec, scalingSpec } from "../settings.ts"

const second = 1000
const stepMs = 50
const podStartMs = 800
const spec: ScalingSpec = {
  ...scalingSpec({ metadata: {}, spec: {} }, readConfig({}).autoscaler),
  targetPerPod: 10,
  totalPerPod: 10,
}

interface Death {
  readonly atMs: number
  /** Until another has won the dead one's lease. */
  readonly forMs: number
}

/**
 * Two autoscalers that hear the same activator and see the same pods. The first one's decisions are written until it dies;
 * then nobody's, then the second one's. Gives how many pods are wanted at each step.
 */
function play(load: (ms: number) => number, untilMs: number, death?: Death): number[] {
  const begin = (nowMs: number): RevisionScaler =>
    new RevisionScaler({ spec, activity: { kind: "active", sinceMs: 0 }, found: 2, nowMs })
  const scalers = [begin(0), begin(0)]
  const wakeMs = [0, 0]
  const wanted: number[] = []
  const arrivals: { atMs: number; count: number }[] = []
  let replicas = 2
  let ready = 2
  let reportedMs = 0
  let area = 0
  const writerAt = (nowMs: number): number => {
    if (death === undefined || nowMs < death.atMs) return 0
    return nowMs < death.atMs + death.forMs ? -1 : 1
  }
  const plan = (which: number, nowMs: number): void => {
    const situation = { spec, readyPods: ready, replicas, initialized: true, watchedMs: nowMs, proxied: true }
    const decided = scalers[which]?.plan(situation, nowMs)
    wakeMs[which] = nowMs + (decided?.wakeAfterMs ?? Number.POSITIVE_INFINITY)
    if (decided === undefined || writerAt(nowMs) !== which || decided.replicas === replicas) return
    replicas = decided.replicas
    arrivals.push({ atMs: nowMs + podStartMs, count: replicas })
  }
  const planAll = (nowMs: number): void => scalers.forEach((_, which) => void plan(which, nowMs))
  for (let nowMs = stepMs; nowMs <= untilMs; nowMs += stepMs) {
    const concurrency = load(nowMs)
    area += concurrency * stepMs
    for (; arrivals[0] !== undefined && arrivals[0].atMs <= nowMs; arrivals.shift()) {
      ready = arrivals[0].count
      planAll(nowMs)
    }
    // What is one's own by now is looked at at once.
    if (death !== undefined && nowMs === death.atMs + death.forMs) plan(1, nowMs)
    const isPressed = scalers.some((scaler) => scaler.isPressed())
    if (nowMs >= reportedMs + (isPressed ? stepMs : second)) {
      const average = area / (nowMs - reportedMs)
      const report = { namespace: "n", name: "r", concurrency: average, concurrencyNow: concurrency, requests: average }
      for (const scaler of scalers) scaler.report("a", { ...report, waiting: 0, pods: {} }, nowMs - reportedMs, nowMs)
      reportedMs = nowMs
      area = 0
      if (isPressed) planAll(nowMs)
    }
    scalers.forEach((_, which) => void (nowMs >= (wakeMs[which] ?? 0) && plan(which, nowMs)))
    wanted.push(replicas)
  }
  return wanted
}

const loads: Record<string, (ms: number) => number> = {
  "a load that jumps from 20 to 100": (ms) => (ms < 90 * second ? 20 : 100),
  "a load that falls from 100 to 20": (ms) => (ms < 90 * second ? 100 : 20),
  "a load that does not change": () => 60,
  "a load that climbs for a minute": (ms) => 20 + 80 * Math.min(1, Math.max(0, (ms - 90 * second) / (60 * second))),
}
/** Ticks fall on other moments than they would have. */
const shiftMs = 2.5 * second
const untilMs = 200 * second

it.each(Object.entries(loads))(
  "who takes over wants what the dead one would, or one more or less, under %s",
  (_, load) => {
    const whole = play(load, untilMs)
    const strayed: string[] = []
    for (let atMs = 60 * second; atMs <= 110 * second; atMs += 2_750) {
      for (const forMs of [100, 2_000, 5_000]) {
        const broken = play(load, untilMs, { atMs, forMs })
        for (let step = (atMs + forMs) / stepMs; step < broken.length - shiftMs / stepMs; step++) {
          const around = whole.slice(step - shiftMs / stepMs, step + shiftMs / stepMs)
          const pods = broken[step] ?? 0
          if (pods >= Math.min(...around) - 1 && pods <= Math.max(...around) + 1) continue
          strayed.push(`dead at ${atMs} for ${forMs} ms: ${pods} at ${step * stepMs} ms where ${around[0]} were right`)
        }
      }
    }
    expect(strayed.slice(0, 5)).toEqual([])
  },
)
