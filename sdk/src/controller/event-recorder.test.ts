import { describe, expect, it } from "vitest"
import { createClient } from "../client/index.ts"
import { SimulatedClock } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import { createEventRecorder } from "./event-recorder.ts"

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default", uid: "1" } }
const started = { type: "Normal", reason: "Started", message: "Started container web" } as const

function story(answer = () => Response.json({})) {
  const clock = new SimulatedClock()
  const wire = scriptedFetch(answer)
  const client = createClient({ fetch: wire.fetch })
  const make = (component: string) => createEventRecorder({ client, clock, log: silentLog, component })
  return { clock, wire, recorder: make("kubelet"), besides: make("scheduler") }
}

const other = (uid: number) => ({ ...pod, metadata: { ...pod.metadata, uid: `${uid}` } })

describe("an event recorder", () => {
  it("writes a happening a moment later, in the form that describe reads", async () => {
    const { clock, wire, recorder } = story()
    recorder.record(pod, { ...started, fieldPath: "spec.containers{web}" })
    expect(wire.requests).toHaveLength(0)
    await clock.advance(200)
    expect(wire.requests).toHaveLength(1)
    expect(wire.requests[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/default/events",
      body: {
        involvedObject: { kind: "Pod", name: "web", uid: "1", fieldPath: "spec.containers{web}" },
        type: "Normal",
        reason: "Started",
        count: 1,
        source: { component: "kubelet" },
      },
    })
  })

  it("waits while more happens, so that news is not in the way of work, but not for ever", async () => {
    const { clock, wire, recorder } = story()
    for (let i = 0; i < 10; i++) {
      recorder.record(pod, { ...started, message: `message ${i}` })
      await clock.advance(100)
    }
    expect(wire.requests).toHaveLength(0)
    await clock.advance(100)
    expect(wire.requests).toHaveLength(10)
    for (let i = 0; i < 40; i++) {
      recorder.record(other(i), started)
      await clock.advance(100)
    }
    expect(wire.requests.length).toBeGreaterThan(40)
  })

  it("waits longer while a crowd has something to record", async () => {
    const { clock, wire, recorder, besides } = story()
    for (let i = 0; i < 80; i++) {
      for (let each = 0; each < 5; each++) (each % 2 ? recorder : besides).record(other(5 * i + each), started)
      await clock.advance(100)
    }
    expect(wire.requests).toHaveLength(0)
    await clock.advance(200)
    expect(wire.requests).toHaveLength(400)
  })

  it("waits also while others of its process have something to record", async () => {
    const { clock, wire, recorder, besides } = story()
    recorder.record(pod, started)
    await clock.advance(100)
    besides.record(other(1), started)
    await clock.advance(100)
    expect(wire.requests).toHaveLength(0)
    await clock.advance(100)
    expect(wire.requests).toHaveLength(2)
  })

  it("waits for no calm when much is to be written, and loses nothing", async () => {
    const { wire, recorder } = story()
    for (let i = 0; i < 2_000; i++) recorder.record(other(i), started)
    await recorder.flush()
    expect(wire.requests).toHaveLength(2_000)
  })

  it("counts a repetition instead of writing it again", async () => {
    const { clock, wire, recorder } = story()
    recorder.record(pod, started)
    recorder.record(pod, started)
    await clock.advance(200)
    recorder.record(pod, started)
    await clock.advance(200)
    expect(wire.requests.map(({ method, body }) => [method, (body as { count: number }).count])).toEqual([
      ["POST", 2],
      ["PATCH", 3],
    ])
  })

  it("writes an event anew when it has expired", async () => {
    const answers = [Response.json({}), Response.json({ kind: "Status", reason: "NotFound" }, { status: 404 })]
    const { clock, wire, recorder } = story(() => answers.shift() ?? Response.json({}))
    recorder.record(pod, started)
    await clock.advance(200)
    recorder.record(pod, started)
    await clock.advance(200)
    expect(wire.requests.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"])
  })

  it("tells no more than 25 different things at once about one object", async () => {
    const { clock, wire, recorder } = story()
    for (let i = 0; i < 100; i++) recorder.record(pod, { ...started, message: `message ${i}` })
    await clock.advance(200)
    expect(wire.requests).toHaveLength(25)
  })

  it("goes on after the server has refused", async () => {
    const answers = [Response.json({ kind: "Status", reason: "Forbidden" }, { status: 403 })]
    const { wire, recorder } = story(() => answers.shift() ?? Response.json({}))
    recorder.record(pod, started)
    await recorder.flush()
    recorder.record(pod, { ...started, reason: "Killing" })
    await recorder[Symbol.asyncDispose]()
    expect(wire.requests).toHaveLength(2)
  })
})
