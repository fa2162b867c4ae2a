import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { MetricSpec } from "@wick/sdk/api/autoscaling/metric"
import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import { pod as storedPod } from "../testing/objects.ts"
import { type Decision, decide, type Observed } from "./decide.ts"
import { type Memory, withStep } from "./memory.ts"
import type { Reading } from "./reading.ts"

type Spec = HorizontalPodAutoscaler["spec"]
const hourMs = Date.parse("2026-01-01T12:00:00Z")
const target = { kind: "Deployment", name: "web", apiVersion: "apps/v1" }
const identity = { name: "rps" }
const described = { kind: "Service", name: "web", apiVersion: "v1" }

const cpu = (percent: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
})
const memory = (averageValue: string): MetricSpec => ({
  type: "Resource",
  resource: { name: "memory", target: { type: "AverageValue", averageValue } },
})
const perPod = (averageValue: string): MetricSpec => ({
  type: "Pods",
  pods: { metric: identity, target: { type: "AverageValue", averageValue } },
})
const external = (wanted: object): MetricSpec => ({
  type: "External",
  external: { metric: identity, target: { type: "Value", ...wanted } },
})
const object = (wanted: object): MetricSpec => ({
  type: "Object",
  object: { metric: identity, describedObject: described, target: { type: "Value", ...wanted } },
})

const spec = (metrics: MetricSpec[], more: Partial<Spec> = {}): Spec => ({
  scaleTargetRef: target,
  minReplicas: 1,
  maxReplicas: 100,
  metrics,
  ...more,
})

interface PodSeen {
  readonly phase?: string
  readonly ready?: boolean
  readonly startedMs?: number
  readonly readyMs?: number
  readonly ending?: boolean
}

/** A pod that asks for one core and has been up for an hour. */
function pod(index: number, seen: PodSeen = {}): Pod {
  const { phase = "Running", ready = true, startedMs = hourMs - 3_600_000, readyMs = startedMs + 10_000 } = seen
  const made = storedPod(`p${index}`, {
    phase,
    metadata: seen.ending ? { deletionTimestamp: "2026-01-01T12:00:00Z" } : {},
  })
  const lastTransitionTime = new Date(readyMs).toISOString()
  return {
    ...made,
    spec: {
      ...made.spec,
      containers: [{ name: "web", image: "i", resources: { requests: { cpu: "1", memory: "1Gi" } } }],
    },
    status: {
      ...made.status,
      phase,
      startTime: new Date(startedMs).toISOString(),
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }],
    },
  } as unknown as Pod
}

const pods = (count: number, seen?: PodSeen): Pod[] => Array.from({ length: count }, (_, at) => pod(at, seen))

/** Of the first pods, in thousandths. */
const values = (...milli: number[]): Reading => ({
  kind: "per-pod",
  values: new Map(milli.map((each, at) => [`p${at}`, { milli: each, atMs: hourMs, windowMs: 30_000 }])),
})
const whole = (amount: number): Reading => ({ kind: "whole", milli: amount * 1000 })
const silent: Reading = { kind: "failed", message: "nobody answers" }

function look(current: number, readings: Reading[], seen: Pod[] = pods(current), nowMs = hourMs): Observed {
  return { currentReplicas: current, statusReplicas: current, pods: seen, readings, nowMs }
}

const mark = (decision: Decision, type: string) => decision.marks.findLast((each) => each.type === type)

interface Row {
  readonly name: string
  readonly metrics: MetricSpec[]
  readonly current: number
  readonly pods?: Pod[]
  readonly readings: Reading[]
  readonly wants: number
  readonly more?: Partial<Spec>
}

/** Without a window, so that what metrics ask for is done. */
const hasty: Partial<Spec> = {
  behavior: {
    scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: 1000, periodSeconds: 15 }] },
    scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
  },
}

describe("a HorizontalPodAutoscaler wants", () => {
  it.each<Row>([
    {
      name: "more when CPU is above its target",
      metrics: [cpu(30)],
      current: 3,
      readings: [values(300, 500, 700)],
      wants: 5,
    },
    {
      name: "fewer when CPU is below",
      metrics: [cpu(50)],
      current: 5,
      readings: [values(100, 300, 500, 250, 250)],
      wants: 3,
    },
    {
      name: "the same within a tenth of the target",
      metrics: [cpu(100)],
      current: 3,
      readings: [values(1010, 1030, 1020)],
      wants: 3,
    },
    {
      name: "the most that any of several metrics asks for",
      metrics: [cpu(50), memory("100")],
      current: 3,
      readings: [values(600, 600, 600), values(250_000, 250_000, 250_000)],
      wants: 8,
    },
    {
      name: "what a metric of pods asks for",
      metrics: [perPod("15")],
      current: 3,
      readings: [values(20_000, 10_000, 30_000)],
      wants: 4,
    },
    {
      name: "what an object's metric asks for",
      metrics: [object({ value: "15" })],
      current: 3,
      readings: [whole(20)],
      wants: 4,
    },
    {
      name: "what an object's metric per pod asks for",
      metrics: [object({ averageValue: "5" })],
      current: 3,
      readings: [whole(40)],
      wants: 8,
    },
    {
      name: "what an external metric asks for",
      metrics: [external({ value: "7" })],
      current: 3,
      readings: [whole(8.6)],
      wants: 4,
    },
    {
      name: "what an external metric per pod asks for",
      metrics: [external({ averageValue: "2" })],
      current: 3,
      readings: [whole(8.6)],
      wants: 5,
    },
    {
      name: "nothing else when a metric is only just off, by a tolerance of one's own",
      metrics: [cpu(50)],
      current: 10,
      readings: [values(...Array<number>(10).fill(600))],
      more: { behavior: { ...hasty.behavior, scaleUp: { ...hasty.behavior?.scaleUp, tolerance: "0.3" } } },
      wants: 10,
    },
    {
      name: "no pod less for pods that are missing from the metrics: they count as fully used",
      metrics: [cpu(50)],
      current: 4,
      readings: [values(100, 450)],
      wants: 4,
    },
    {
      name: "fewer all the same when even that leaves room",
      metrics: [cpu(100)],
      current: 6,
      readings: [values(100, 100, 100, 100, 100)],
      wants: 2,
    },
    {
      name: "no pod more than missing pods leave, which count as idle",
      metrics: [cpu(30)],
      current: 4,
      readings: [values(1000, 1000, 1000)],
      wants: 10,
    },
    {
      name: "less more when pods have only just started",
      metrics: [cpu(30)],
      current: 3,
      pods: [pod(0, { startedMs: hourMs - 60_000, ready: false, readyMs: hourMs - 60_000 }), pod(1), pod(2)],
      readings: [values(900, 500, 700)],
      wants: 4,
    },
    {
      name: "nothing for pods that never were ready, however busy",
      metrics: [cpu(30)],
      current: 1,
      pods: [pod(0, { ready: false })],
      readings: [values(900)],
      wants: 1,
    },
    {
      name: "what a pod asks for that was ready once",
      metrics: [cpu(30)],
      current: 1,
      pods: [pod(0, { ready: false, readyMs: hourMs - 60_000 })],
      readings: [values(900)],
      wants: 3,
    },
    {
      name: "nothing for pods on their way out",
      metrics: [cpu(50)],
      current: 2,
      pods: [pod(0), pod(1, { ending: true }), pod(2)],
      readings: [values(500, 5000, 500)],
      wants: 2,
    },
    {
      name: "nothing for pods that failed",
      metrics: [cpu(50)],
      current: 2,
      pods: [pod(0), pod(1, { phase: "Failed" }), pod(2)],
      readings: [values(500, 5000, 500)],
      wants: 2,
    },
    {
      name: "no less than its least",
      metrics: [cpu(50)],
      current: 5,
      readings: [values(1, 1, 1, 1, 1)],
      more: { minReplicas: 2 },
      wants: 2,
    },
    {
      name: "no more than its most",
      metrics: [cpu(10)],
      current: 3,
      readings: [values(1000, 1000, 1000)],
      more: { maxReplicas: 7 },
      wants: 7,
    },
    {
      name: "nothing less while one of the metrics is silent",
      metrics: [cpu(50), perPod("1")],
      current: 5,
      readings: [values(1, 1, 1, 1, 1), silent],
      wants: 5,
    },
    {
      name: "more all the same while one of the metrics is silent",
      metrics: [cpu(50), perPod("1")],
      current: 2,
      readings: [values(1000, 1000), silent],
      wants: 4,
    },
    { name: "nothing while nobody answers", metrics: [cpu(50)], current: 5, readings: [silent], wants: 5 },
  ])("$name", ({ metrics, current, readings, wants, more, pods: seen }) => {
    const decision = decide(spec(metrics, { ...hasty, ...more }), look(current, readings, seen), undefined)
    expect(decision.rescale?.replicas ?? current).toBe(wants)
  })

  it("its least and its most whatever the metrics say", () => {
    expect(decide(spec([cpu(50)], { minReplicas: 4 }), look(2, []), undefined).rescale).toEqual({
      replicas: 4,
      reason: "Current number of replicas below Spec.MinReplicas",
    })
    expect(decide(spec([cpu(50)], { maxReplicas: 4 }), look(6, []), undefined).rescale?.replicas).toBe(4)
  })

  it("nothing of what somebody has set to zero", () => {
    const decision = decide(spec([cpu(50)]), look(0, []), undefined)
    expect(decision.rescale).toBeUndefined()
    expect(mark(decision, "ScalingActive")).toMatchObject({ status: "False", reason: "ScalingDisabled" })
  })
})

describe("a HorizontalPodAutoscaler says", () => {
  const decided = (metrics: MetricSpec[], current: number, readings: Reading[]): Decision =>
    decide(spec(metrics), look(current, readings), undefined)

  it("which metric it follows, and what it is", () => {
    const decision = decided([cpu(50)], 2, [values(1000, 1000)])
    expect(mark(decision, "ScalingActive")?.message).toBe(
      "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
    )
    expect(decision.metrics).toEqual([
      { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "1" } } },
    ])
    expect(decision.rescale?.reason).toBe("cpu resource utilization (percentage of request) above target")
  })

  it("what is missing, in Kubernetes' words", () => {
    const unready = [pod(0, { phase: "Pending" })]
    const decision = decide(spec([cpu(50)]), look(1, [values(1)], unready), undefined)
    expect(mark(decision, "ScalingActive")).toMatchObject({
      reason: "FailedGetResourceMetric",
      message:
        "the HPA was unable to compute the replica count: failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
    })
    expect(decision.troubles.map(({ reason }) => reason)).toEqual([
      "FailedGetResourceMetric",
      "FailedComputeMetricsReplicas",
    ])
  })

  it("which container has no request", () => {
    const bare = { ...pod(0), spec: { containers: [{ name: "web", image: "i" }] } } as unknown as Pod
    const decision = decide(spec([cpu(50)]), look(1, [values(1)], [bare]), undefined)
    expect(mark(decision, "ScalingActive")?.message).toContain("missing request for cpu in container web of Pod p0")
  })
})

/** Runs looks every 15 seconds, each with as much CPU for every pod as the script says, in percent of the target. */
function play(
  more: Partial<Spec>,
  start: number,
  script: readonly (readonly [looks: number, percent: number])[],
): number[] {
  const subject = spec([cpu(100)], more)
  const seen: number[] = []
  let remembered: Memory | undefined
  let current = start
  let nowMs = hourMs
  for (const [looks, percent] of script) {
    for (let at = 0; at < looks; at++) {
      const reading = values(...Array<number>(current).fill(percent * 10))
      const decision = decide(subject, look(current, [reading], pods(current), nowMs), remembered)
      remembered = decision.memory
      if (decision.rescale) {
        remembered = withStep(remembered, current, decision.rescale.replicas, nowMs)
        current = decision.rescale.replicas
      }
      seen.push(current)
      nowMs += 15_000
    }
  }
  return seen
}

describe("over time a HorizontalPodAutoscaler", () => {
  it("at most doubles at a look, and always grows to four", () => {
    expect(play({}, 1, [[5, 1000]])).toEqual([4, 8, 16, 32, 64])
  })

  it("takes pods away only after five minutes in which fewer would have done", () => {
    const seen = play({}, 10, [[22, 50]])
    expect(seen.slice(0, 20)).toEqual(Array<number>(20).fill(10))
    expect(seen[20]).toBe(5)
  })

  it("begins the five minutes anew with what it finds, as after a restart", () => {
    expect(play({}, 10, [[19, 10]]).at(-1)).toBe(10)
  })

  it("takes away half a minute's share at a time by a rule, and no more", () => {
    const scaleDown = { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] }
    const behavior = { scaleUp: { policies: [{ type: "Pods", value: 4, periodSeconds: 15 }] }, scaleDown }
    expect(play({ behavior }, 16, [[13, 1]])).toEqual([8, 8, 8, 8, 4, 4, 4, 4, 2, 2, 2, 2, 1])
  })

  it("adds four or doubles in 15 seconds by the usual rules, whichever is more", () => {
    const policies = [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ]
    const behavior = { scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies } }
    expect(play({ behavior }, 1, [[4, 1000]])).toEqual([5, 10, 20, 40])
    const least = { scaleUp: { ...behavior.scaleUp, selectPolicy: "Min" } }
    expect(play({ behavior: least }, 1, [[4, 1000]])).toEqual([2, 4, 8, 12])
  })

  it("waits with more until a whole window has asked for it", () => {
    const policies = [{ type: "Percent", value: 900, periodSeconds: 15 }]
    const behavior = { scaleUp: { stabilizationWindowSeconds: 60, policies } }
    expect(play({ behavior }, 2, [[6, 200]])).toEqual([2, 2, 2, 2, 4, 4])
  })

  it("does nothing in a direction that is disabled", () => {
    const policies = [{ type: "Percent", value: 100, periodSeconds: 15 }]
    const behavior = { scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: "Disabled", policies } }
    const decision = decide(spec([cpu(100)], { behavior }), look(8, [values(...Array<number>(8).fill(1))]), undefined)
    expect(decision.rescale).toBeUndefined()
    expect(mark(decision, "ScalingLimited")).toMatchObject({ status: "True", reason: "ScaleDownLimit" })
  })

  it("says that it waits", () => {
    const decision = decide(spec([cpu(100)]), look(8, [values(...Array<number>(8).fill(1))]), undefined)
    expect(mark(decision, "AbleToScale")).toMatchObject({
      reason: "ScaleDownStabilized",
      message: "recent recommendations were higher than current one, applying the highest recent recommendation",
    })
  })
})
