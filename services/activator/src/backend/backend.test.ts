import { describe, expect, it } from "vitest"
import { Story } from "../testing/story.ts"

describe("a revision that cannot serve", () => {
  it("refuses those who wait and those who come the moment its pods are stuck, and asks them to stay away", () => {
    const story = new Story()
    const pod = story.addPod("p", false)
    const waits = story.request()
    story.trouble(pod, { state: { waiting: { reason: "CrashLoopBackOff" } } })
    const comes = story.request()
    for (const { refused } of [waits, comes]) {
      expect(refused).toEqual({
        status: 503,
        text: "revision n/r cannot serve: container c: CrashLoopBackOff",
        retryAfterSeconds: 10,
      })
    }
    expect(story.backend.meter.now).toBe(0)
  })

  it("lets one request wait while a container is tried again, and everybody when it answers", () => {
    const story = new Story()
    const pod = story.addPod("p", false)
    story.trouble(pod, { state: { waiting: { reason: "CrashLoopBackOff" } } })
    story.trouble(pod, { restartCount: 1, lastState: { terminated: { exitCode: 1 } } })
    const probe = story.request()
    const second = story.request()
    expect([probe.refused, second.refused?.status]).toEqual([undefined, 503])
    story.backend.markReady(pod)
    expect([probe.pod, story.request().pod]).toEqual([pod, pod])
  })

  it("fails the one that waited for the trial when the trial fails", () => {
    const story = new Story()
    const pod = story.addPod("p", false)
    story.trouble(pod, { state: { waiting: { reason: "CrashLoopBackOff" } } })
    story.trouble(pod, { restartCount: 1, lastState: { terminated: { exitCode: 1 } } })
    const probe = story.request()
    story.trouble(pod, { state: { waiting: { reason: "CrashLoopBackOff" } } })
    expect(probe.refused?.status).toBe(503)
  })

  it("serves all the while where another pod is ready", () => {
    const story = new Story()
    const ready = story.addPod("ready")
    const stuck = story.addPod("stuck", false)
    story.trouble(stuck, { state: { waiting: { reason: "CrashLoopBackOff" } } })
    for (let sent = 0; sent < 100; sent++) expect(story.request().pod).toBe(ready)
  })

  it("gives a pod that no node takes ten seconds, by one timer", async () => {
    const story = new Story()
    const pod = story.addPod("p", false)
    story.troubleWith(pod, { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] })
    const waits = story.request()
    await story.clock.advance(9_999)
    expect(waits.refused).toBeUndefined()
    await story.clock.advance(1)
    expect(waits.refused?.text).toBe("revision n/r cannot serve: its pods: Unschedulable")
  })

  it("pokes the autoscaler for the first caller after its pods were taken away, and holds the others off for a while", async () => {
    const story = new Story()
    const pod = story.addPod("p", false)
    story.trouble(pod, { state: { waiting: { reason: "ImagePullBackOff" } } })
    story.removePod(pod)
    const probe = story.request()
    const second = story.request()
    expect(story.pressed).toBe(1)
    expect([probe.refused, second.refused?.status]).toEqual([undefined, 503])
    await story.clock.advance(10_000)
    expect(story.request().refused).toBeUndefined()
  })
})

describe("a pod that answers badly", () => {
  it("is left out for ten seconds, and again at its next failure, while others serve", async () => {
    const story = new Story()
    const bad = story.addPod("bad")
    for (const name of ["one", "two"]) story.addPod(name)
    const visits = (): number => {
      let count = 0
      for (let sent = 0; sent < 30; sent++) {
        const call = story.request()
        if (call.pod === bad) count++
        story.backend.finish(call, call.pod === bad ? 503 : 200)
      }
      return count
    }
    expect(visits()).toBe(5)
    expect(visits()).toBe(0)
    await story.clock.advance(10_000)
    expect(visits()).toBe(1)
    await story.clock.advance(19_999)
    expect(visits()).toBe(0)
  })

  it("serves when it is the last that is left", () => {
    const story = new Story()
    const bad = story.addPod("bad")
    const good = story.addPod("good")
    for (let sent = 0; sent < 40; sent++) {
      const call = story.request()
      story.backend.finish(call, call.pod === bad ? 502 : 200)
    }
    expect(story.request().pod).toBe(good)
    story.removePod(good)
    expect(story.request().pod).toBe(bad)
  })
})

describe("a request that its pod did not answer", () => {
  it("is sent once more, to its place before those who wait, and never twice", () => {
    const story = new Story()
    story.concurrency(1)
    story.addPod("p")
    const first = story.request()
    const waits = story.request()
    expect(story.backend.replay(first, "reset")).toBe(true)
    expect([first.begun, waits.begun]).toEqual([2, 0])
    expect(story.backend.replay(first, "reset")).toBe(false)
  })

  it("is not sent again when all fail: a hundred are, and one more for each ten answers", () => {
    const story = new Story()
    story.addPod("p")
    const again = (): boolean => {
      const call = story.request()
      const did = story.backend.replay(call, "reset")
      story.backend.finish(call, 502)
      return did
    }
    expect(Array.from({ length: 150 }, again).filter(Boolean)).toHaveLength(100)
    for (let sent = 0; sent < 11; sent++) story.backend.finish(story.request(), 200)
    expect([again(), again()]).toEqual([true, false])
  })

  it("frees a draining pod whose last request could not be sent", () => {
    const story = new Story()
    const pod = story.addPod("p")
    const call = story.request()
    story.backend.markDraining(pod)
    story.backend.sendElsewhere(call, new Error("refused"))
    expect(story.drained).toEqual([pod])
    expect(call.inLine).toBe(true)
  })
})

describe("a gateway that can open no more connections", () => {
  it("says so to the caller, and holds no pod to blame", () => {
    const story = new Story()
    const pod = story.addPod("p")
    for (let sent = 0; sent < 10; sent++) {
      const call = story.request()
      story.backend.sendElsewhere(call, Object.assign(new Error("connect EMFILE 10.0.0.1:8080"), { code: "EMFILE" }))
      expect(call.refused).toMatchObject({
        status: 503,
        text: "the gateway can open no more connections: connect EMFILE 10.0.0.1:8080",
      })
    }
    expect([story.suspected, pod.failures, pod.inFlight, story.request().pod]).toEqual([[], 0, 0, pod])
  })
})

describe("the line of a revision", () => {
  it("begins where a pod without containerConcurrency has twenty thousand requests in it", () => {
    const story = new Story()
    const pod = story.addPod("a")
    for (let sent = 0; sent < 20_000; sent++) story.request()
    expect([pod.inFlight, story.backend.line.size]).toEqual([20_000, 0])
    story.request()
    expect([pod.inFlight, story.backend.line.size]).toEqual([20_000, 1])
  })

  it("holds ten thousand, and ten more for each slot of a ready pod", () => {
    const story = new Story()
    story.concurrency(2)
    story.addPod("p")
    for (let sent = 0; sent < 2 + 10_000 + 20; sent++) expect(story.request().refused).toBeUndefined()
    expect(story.request().refused).toMatchObject({ status: 503, text: "pending request queue full" })
  })
})
