import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import type { ActivatorMessage } from "@wick/sdk/wire"
import { describe, expect, it } from "vitest"
import { Backend } from "../backend/backend.ts"
import { Call } from "../backend/call.ts"
import { Pod } from "../backend/pod.ts"
import { RequestMeasuring } from "../metrics/request-series.ts"
import { RevisionMetrics } from "../metrics/revision-metrics.ts"
import { LoadReporter } from "./load-reporter.ts"

class QuietCall extends Call {
  begin(): void {}
  refuse(status: number): void {
    this.backend?.finish(this, status)
  }
}

/** A backend and its reporter; the test is the stream's other end. */
class Story {
  readonly clock = new SimulatedClock(0)
  readonly said: ActivatorMessage[] = []
  readonly reporter = new LoadReporter(this.clock, (message) => this.said.push(message))
  readonly backend = new Backend(
    { namespace: "n", name: "r" },
    {
      clock: this.clock,
      random: seededRandom(1),
      metrics: new RevisionMetrics(new RequestMeasuring()),
      events: {
        pressed: this.reporter.pressed,
        woken: this.reporter.woken,
        suspected: () => {},
        drained: () => {},
      },
    },
  )

  constructor() {
    this.reporter.connected()
  }

  request(): QuietCall {
    const call = new QuietCall()
    this.backend.admit(call)
    return call
  }

  addPod(): Pod {
    const pod = new Pod("p", "u")
    this.backend.pods.set("p", pod)
    this.backend.markReady(pod)
    return pod
  }

  /** Reports since the last call. */
  take(): ActivatorMessage[] {
    return this.said.splice(0)
  }
}

describe("reports of load", () => {
  it("poke at once, and once, when a request finds no pod", () => {
    const story = new Story()
    story.request()
    story.request()
    expect(story.take()).toEqual([{ type: "poke", namespace: "n", name: "r" }])
  })

  it("name a traced request of their interval, one that waits before others", async () => {
    const story = new Story()
    const traced = (context: string, cause?: string): void => {
      const call = new QuietCall()
      call.trace = { traceId: "t", context, cause, given: () => {}, lost: () => {}, ended: () => {} }
      story.backend.admit(call)
    }
    traced("held", "its wait")
    traced("held too", "its wait too")
    await story.clock.advance(50)
    expect(story.take().at(-1)).toMatchObject({ revisions: [{ waiting: 2, cause: "its wait" }] })
    story.addPod()
    await story.clock.advance(1000)
    story.take()
    traced("served")
    await story.clock.advance(2000)
    const causes = story.take().flatMap((message) => (message.type === "load" ? message.revisions : []))
    expect(causes.map(({ cause }) => cause)).toEqual(["served", undefined])
  })

  it("follow a burst within 50 ms, and go on so while requests wait", async () => {
    const story = new Story()
    for (let i = 0; i < 30; i++) story.request()
    story.take()
    await story.clock.advance(50)
    expect(story.take()).toMatchObject([
      { type: "load", revisions: [{ concurrencyNow: 30, waiting: 30, requests: 30 }] },
    ])
    await story.clock.advance(100)
    expect(story.take()).toHaveLength(2)
  })

  it("come each second while there is load, then once with zeros, then not at all", async () => {
    const story = new Story()
    story.addPod()
    const call = story.request()
    await story.clock.advance(2500)
    story.backend.finish(call, 200)
    expect(story.take()).toMatchObject([
      { type: "load", intervalMs: 1000, revisions: [{ concurrency: 1, requests: 1, pods: { p: 1 } }] },
      { type: "load", intervalMs: 1000, revisions: [{ concurrency: 1, requests: 0, pods: { p: 1 } }] },
    ])
    await story.clock.advance(60_000)
    expect(story.take()).toMatchObject([
      { type: "load", revisions: [{ concurrency: 0.5, concurrencyNow: 0, pods: {} }] },
      { type: "load", revisions: [{ concurrency: 0, concurrencyNow: 0 }] },
    ])
  })

  it("say once of a while that somebody asked for the revision itself", async () => {
    const story = new Story()
    story.addPod()
    story.request()
    story.backend.calledDirectly = true
    await story.clock.advance(2000)
    const said = story.take().flatMap((message) => (message.type === "load" ? message.revisions : []))
    expect(said.map(({ direct }) => direct)).toEqual([true, undefined])
  })

  it("do not count the idle time before the first request", async () => {
    const story = new Story()
    story.addPod()
    await story.clock.advance(3_600_000)
    story.request()
    await story.clock.advance(1000)
    expect(story.take()).toMatchObject([{ type: "load", intervalMs: 1000, revisions: [{ concurrency: 1 }] }])
  })

  it("wait for a lost stream, and poke again when it is back", async () => {
    const story = new Story()
    story.reporter.disconnected()
    story.request()
    await story.clock.advance(10_000)
    expect(story.take()).toEqual([])
    story.reporter.connected()
    expect(story.take()).toMatchObject([{ type: "poke" }])
    await story.clock.advance(1)
    expect(story.take()).toMatchObject([{ type: "load", revisions: [{ waiting: 1 }] }])
  })
})

describe("an autoscaler that begins anew", () => {
  it("is told the last minute before anything else, once for each stream", async () => {
    const story = new Story()
    story.addPod()
    const call = story.request()
    await story.clock.advance(3000)
    story.reporter.disconnected()
    story.take()
    await story.clock.advance(2000)
    story.reporter.connected()
    const [history, ...others] = story.take()
    expect(history).toMatchObject({ type: "history", revisions: [{ namespace: "n", name: "r" }] })
    const stretches = history?.type === "history" ? (history.revisions[0]?.stretches ?? []) : []
    expect(stretches.map(({ endedMsAgo, concurrency }) => [endedMsAgo, concurrency])).toEqual([
      [4000, 1],
      [3000, 1],
      [2000, 1],
    ])
    expect(others).toEqual([])
    await story.clock.advance(1)
    expect(story.take()).toMatchObject([{ type: "load", revisions: [{ concurrency: 1 }] }])
    story.backend.finish(call, 200)
    await story.clock.advance(120_000)
    story.take()
    story.reporter.connected()
    expect(story.take()).toEqual([])
  })
})

describe("a backend", () => {
  it("hands a request back to the head of the line when its pod could not be reached", () => {
    const story = new Story()
    const pod = story.addPod()
    const first = story.request()
    story.backend.markUnready(pod)
    const second = story.request()
    story.backend.sendElsewhere(first, new Error("connection refused"))
    expect(story.backend.line.first).toBe(first)
    story.backend.markReady(pod)
    expect([first.pod, second.pod]).toEqual([pod, pod])
  })

  it("gives a draining pod nothing new and finishes what it has", () => {
    const story = new Story()
    const pod = story.addPod()
    const call = story.request()
    story.backend.markDraining(pod)
    const waiting = story.request()
    expect(waiting.pod).toBeUndefined()
    story.backend.finish(call, 200)
    expect(pod.inFlight).toBe(0)
    expect(waiting.pod).toBeUndefined()
  })
})
