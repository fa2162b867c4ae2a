import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { Pod } from "./pod.ts"
import { Prober } from "./prober.ts"
import { unknownSpec } from "./revision-spec.ts"

const probe = { kind: "tcp", port: 8080 } as const

/** A pod that answers when the test says so, and the attempts that were made at it. */
class Story {
  readonly clock = new SimulatedClock()
  readonly pod = new Pod("a", "1")
  attempts = 0
  answers = false
  ready = false
  readonly prober = new Prober(
    this.clock,
    () => this.attempts++,
    (_address, _probe, done) => done(this.answers),
  )

  start(): void {
    this.pod.reachAt("10.0.0.1", unknownSpec)
    this.prober.start(this.pod, probe, () => {
      this.ready = true
    })
  }
}

describe("asking a starting pod", () => {
  it("is rare until its containers run, and often from then on", async () => {
    const story = new Story()
    story.start()
    await story.clock.advance(400)
    expect(story.attempts).toBeLessThan(21)
    const before = story.attempts
    story.pod.marks.started = story.clock.monotonic()
    story.prober.hurry(story.pod)
    expect(story.attempts).toBe(before + 1)
    await story.clock.advance(40)
    expect(story.attempts).toBeGreaterThan(before + 8)
  })

  it("ends with the first answer, and for good", async () => {
    const story = new Story()
    story.start()
    story.answers = true
    story.prober.hurry(story.pod)
    expect(story.ready).toBe(true)
    const { attempts } = story
    story.prober.hurry(story.pod)
    await story.clock.advance(10_000)
    expect(story.attempts).toBe(attempts)
  })

  it("gives way to others where many start at once", async () => {
    const story = new Story()
    const pods = Array.from({ length: 80 }, (_, at) => new Pod(`p${at}`, `${at}`))
    for (const pod of pods) {
      pod.marks.started = 0
      pod.reachAt("10.0.0.1", unknownSpec)
      story.prober.start(pod, probe, () => {})
    }
    await story.clock.advance(200)
    expect(story.attempts).toBeLessThan(80 * 6)
    story.prober.stopAll()
  })
})
