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
