import { describe, expect, it } from "vitest"
import { createClient } from "../client/index.ts"
import { SimulatedClock, seededRandom } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import { electLeader } from "./leader-election.ts"

interface StoredLease {
  metadata: { resourceVersion: string }
  spec: { holderIdentity: string }
}

/** One lease behind a wire that can be cut. */
class Story {
  readonly clock = new SimulatedClock()
  lease: StoredLease | undefined
  cut = new Set<string>()
  readonly history: string[] = []

  candidate(identity: string): AsyncDisposable {
    const { fetch } = scriptedFetch(({ method, body }) => {
      if (this.cut.has(identity)) throw new TypeError("fetch failed")
      if (method === "GET") return this.lease ? Response.json(this.lease) : no(404, "NotFound")
      const written = body as StoredLease
      if (written.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return no(409, "Conflict")
      const resourceVersion = String(Number(this.lease?.metadata.resourceVersion ?? 0) + 1)
      this.lease = { ...written, metadata: { ...written.metadata, resourceVersion } }
      return Response.json(this.lease)
    })
    const { clock } = this
    const options = { client: createClient({ fetch }), clock, random: seededRandom(1), log: silentLog }
    return electLeader({ ...options, namespace: "kube-system", name: "controller", identity }, async (signal) => {
      this.history.push(`${identity} leads`)
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      this.history.push(`${identity} stops`)
    })
  }
}

function no(code: number, reason: string): Response {
  return Response.json({ kind: "Status", code, reason, message: reason }, { status: code })
}

/** Disposes while time goes on. */
async function stop(story: Story, candidate: AsyncDisposable): Promise<void> {
  const stopped = candidate[Symbol.asyncDispose]()
  await story.clock.advance(0)
  await stopped
}

describe("leader election", () => {
  it("lets one lead, and the next one soon after it handed over", async () => {
    const story = new Story()
    const first = story.candidate("first")
    await story.clock.advance(10)
    const second = story.candidate("second")
    await story.clock.advance(60_000)
    expect(story.history).toEqual(["first leads"])
    await stop(story, first)
    await story.clock.advance(3_000)
    expect(story.history).toEqual(["first leads", "first stops", "second leads"])
    await stop(story, second)
  })

  it("never has two leaders when one is cut off: it stops before another begins", async () => {
    const story = new Story()
    const first = story.candidate("first")
    await story.clock.advance(10)
    const second = story.candidate("second")
    await story.clock.advance(5_000)
    story.cut.add("first")
    await story.clock.advance(40_000)
    expect(story.history).toEqual(["first leads", "first stops", "second leads"])
    await stop(story, first)
    await stop(story, second)
  })

  it("takes its own lease again at once after a crash", async () => {
    const story = new Story()
    const metadata = { name: "controller", namespace: "kube-system", resourceVersion: "7" }
    story.lease = { metadata, spec: { holderIdentity: "first" } }
    const first = story.candidate("first")
    await story.clock.advance(0)
    expect(story.history).toEqual(["first leads"])
    await stop(story, first)
    expect(story.lease.spec.holderIdentity).toBe("")
  })
})
