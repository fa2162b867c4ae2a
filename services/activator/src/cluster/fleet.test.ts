import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { createMetrics } from "@wick/sdk/metrics"
import { describe, expect, it } from "vitest"
import type { Pod } from "../backend/pod.ts"
import { Prober } from "../backend/prober.ts"
import { exposeRevisions } from "../metrics/expose-revisions.ts"
import { RequestMeasuring } from "../metrics/request-series.ts"
import { ScriptedCall } from "../testing/story.ts"
import { Fleet, type PodView } from "./fleet.ts"

/** A revision that only its kubelet can probe, in a fleet on simulated time. */
function startFleet() {
  const clock = new SimulatedClock(0)
  const metrics = createMetrics({ process: false })
  const fleet = new Fleet({
    clock,
    random: seededRandom(1),
    prober: new Prober(clock, () => {}),
    measuring: new RequestMeasuring(),
    events: { pressed: () => {}, woken: () => {} },
  })
  exposeRevisions(metrics, () => fleet.backends)
  fleet.putRevision("n", "r", { spec: { containers: [{ readinessProbe: { exec: {} } }] } })
  const pod = (status: PodView["status"]): void =>
    fleet.putPod("r", { metadata: { name: "p", uid: "p", namespace: "n" }, status })
  return { clock, fleet, pod, metrics, backend: fleet.backend("n", "r") }
}

const phases = async (metrics: { text(): Promise<string> }): Promise<Record<string, number>> => {
  const lines = (await metrics.text()).matchAll(/cold_start_seconds_sum\{.*phase="(\w+)"\} (\S+)/g)
  return Object.fromEntries([...lines].map(([, phase, seconds]) => [phase, Math.round(Number(seconds) * 1000)]))
}

it("times a start from zero in seven phases, by what it sees of the pod and hears of the autoscaler", async () => {
  const { clock, fleet, pod, metrics, backend } = startFleet()
  const scheduled = { conditions: [{ type: "PodScheduled", status: "True" }] }
  const call = new ScriptedCall()
  backend.admit(call)
  await clock.advance(10)
  fleet.known("n", "r")?.decided(8)
  pod({})
  await clock.advance(5)
  pod(scheduled)
  await clock.advance(40)
  pod({ ...scheduled, podIP: "10.0.0.1" })
  await clock.advance(20)
  const running = { ...scheduled, podIP: "10.0.0.1", containerStatuses: [{ name: "c", state: { running: {} } }] }
  pod(running)
  await clock.advance(30)
  pod({ ...running, conditions: [...scheduled.conditions, { type: "Ready", status: "True" }] })
  expect(call.pod?.name).toBe("p")
  await clock.advance(3)
  backend.answerBegun(call)
  expect(await phases(metrics)).toEqual({
    queued: 2,
    decided: 8,
    scheduled: 5,
    sandbox: 40,
    started: 20,
    first_probe: 30,
    first_byte: 3,
  })
  expect(await metrics.text()).toMatch(/cold_start_whole_seconds_sum\{.*\} 0.108/)
})

it("times no start where pods were on their way before, nor one whose callers have all left", async () => {
  const { fleet, pod, metrics, backend } = startFleet()
  const leaves = new ScriptedCall()
  backend.admit(leaves)
  backend.finish(leaves, 0)
  pod({})
  const call = new ScriptedCall()
  backend.admit(call)
  pod({ podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] })
  backend.answerBegun(call)
  expect(await phases(metrics)).toEqual({})
  expect([...fleet.backends]).toHaveLength(1)
})

it("tells nothing of a deleted revision, and forgets it when its last pod and the last route to it are gone", async () => {
  const { fleet, pod, metrics } = startFleet()
  let isRouted = true
  pod({})
  expect(await metrics.text()).toContain('revision_name="r"')
  fleet.removeRevision("n", "r", () => isRouted)
  expect(await metrics.text()).not.toContain('revision_name="r"')
  fleet.removePod("r", { metadata: { name: "p", uid: "p", namespace: "n" } })
  fleet.sweep()
  expect([...fleet.backends]).toHaveLength(1)
  isRouted = false
  fleet.sweep()
  expect([...fleet.backends]).toHaveLength(0)
})

it("tells of a revision again that was made anew under its name", async () => {
  const { fleet, pod, metrics } = startFleet()
  pod({})
  fleet.removeRevision("n", "r", () => false)
  fleet.putRevision("n", "r", {})
  fleet.removePod("r", { metadata: { name: "p", uid: "p", namespace: "n" } })
  expect(await metrics.text()).toContain('revision_name="r"')
})

describe("the end of a pod", () => {
  const terminating = { metadata: { name: "p", uid: "p", namespace: "n", deletionTimestamp: "now" }, status: {} }
  const answers = { podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "True" }] }

  it("waits for a WebSocket a while, for a request as long as it takes", async () => {
    const { clock, fleet, pod, backend } = startFleet()
    pod(answers)
    const [request, chat] = [new ScriptedCall(), new ScriptedCall()]
    for (const call of [request, chat]) backend.admit(call)
    const inside = chat.pod as Pod
    inside.upgraded++
    fleet.putPod("r", terminating)
    let isDrained = false
    void fleet.drained("n", "r", new AbortController().signal).then(() => {
      isDrained = true
    })
    await clock.advance(60_000)
    expect(isDrained).toBe(false)
    backend.finish(request, 200)
    await clock.advance(0)
    expect(isDrained).toBe(true)
  })

  it("comes at once when its last WebSocket has ended", async () => {
    const { clock, fleet, pod, backend } = startFleet()
    pod(answers)
    const chat = new ScriptedCall()
    backend.admit(chat)
    const inside = chat.pod as Pod
    inside.upgraded++
    fleet.putPod("r", terminating)
    const drained = fleet.drained("n", "r", new AbortController().signal)
    inside.upgraded--
    backend.finish(chat, 101)
    await drained
    expect(clock.monotonic()).toBe(0)
  })
})
