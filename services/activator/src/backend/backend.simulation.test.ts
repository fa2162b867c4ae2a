import { seededRandom } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { type ScriptedCall, Story } from "../testing/story.ts"
import type { Pod } from "./pod.ts"

/*
 * Requests, pods and accidents by chance, on simulated time. After each event: no pod holds more than it may, nobody
 * waits while a pod has room, who waits is served in the order of arrival, and what is counted is what is there.
 */
const seeds = 60
const steps = 300

class Drama {
  readonly random
  readonly story = new Story()
  readonly pods = new Set<Pod>()
  calls: ScriptedCall[] = []
  readonly concurrency: number
  #named = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
    this.concurrency = 1 + this.random.below(3)
    this.story.concurrency(this.concurrency)
  }

  step(): void {
    const inPods = this.calls.filter(({ pod }) => pod !== undefined)
    const call = inPods[this.random.below(Math.max(1, inPods.length))]
    const pod = [...this.pods][this.random.below(Math.max(1, this.pods.size))]
    const { backend } = this.story
    switch (this.random.below(10)) {
      case 0:
        this.pods.add(this.story.addPod(`p${this.#named++}`))
        break
      case 1:
        if (pod && this.pods.size > 2) {
          this.story.removePod(pod)
          this.pods.delete(pod)
        }
        break
      case 2:
        if (pod) backend.markUnready(pod)
        break
      case 3:
        if (pod) backend.markReady(pod)
        break
      case 4:
        if (call) backend.sendElsewhere(call, new Error("refused"))
        break
      case 5:
        if (call) backend.replay(call, "reset")
        break
      case 6:
      case 7:
        if (call) backend.finish(call, this.random.below(4) === 0 ? 503 : 200)
        break
      default:
        this.calls.push(this.story.request())
    }
  }

  check(): void {
    const { line, ready } = this.story.backend
    this.calls = this.calls.filter(({ open }) => open)
    const open = this.calls
    for (const pod of this.pods) {
      expect(pod.inFlight).toBeLessThanOrEqual(this.concurrency)
      expect(pod.inFlight).toBe(open.filter((each) => each.pod === pod).length)
    }
    const free = ready.filter(({ inFlight, ejection }) => inFlight < this.concurrency && ejection === undefined)
    if (line.size > 0) expect(free).toEqual([])
    let before = Number.NEGATIVE_INFINITY
    for (let each = line.first; each !== undefined; each = each.lineAfter as ScriptedCall | undefined) {
      expect(each.startedMs).toBeGreaterThanOrEqual(before)
      before = each.startedMs
    }
    expect(line.size).toBe(open.filter(({ pod }) => pod === undefined).length)
    expect(this.story.backend.meter.now).toBe(open.length)
  }
}

it("never overfills a pod, never lets wait while there is room, and serves in order of arrival", async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const drama = new Drama(seed)
    for (let at = 0; at < steps; at++) {
      drama.step()
      await drama.story.clock.advance(drama.random.below(100))
      drama.check()
    }
  }
})
