import { startTestApi } from "@wick/core/testing"
import { Event } from "@wick/sdk/api/core/event"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { type WaitingPod, Warnings, waitingPod } from "./waiting-pod.ts"

const madeAt = "2026-01-01T00:00:00Z"
const madeMs = Date.parse(madeAt)

function pod(state: object, ready = false): Pod {
  return {
    metadata: { name: "p", namespace: "default", creationTimestamp: madeAt },
    status: { containerStatuses: [{ name: "user-container", ready, state }] },
  } as unknown as Pod
}

const creating = pod({ waiting: { reason: "ContainerCreating" } })
const running = pod({ running: { startedAt: madeAt } })

it("nobody is asked of pods that are ready, or that say themselves what they wait for", () => {
  const told = pod({ waiting: { reason: "ImagePullBackOff", message: "not found" } })
  expect(waitingPod([pod({ running: { startedAt: madeAt } }, true), told], madeMs + 60_000)).toBeUndefined()
})

it("a pod is asked after when it has taken its time: soon again while it runs, ever more seldom while it is made", () => {
  expect(waitingPod([creating], madeMs + 500)).toMatchObject({ leftMs: 1_000 })
  expect(waitingPod([creating], madeMs + 2_000)).toMatchObject({ leftMs: 0, againMs: 2_000, about: "type=Warning" })
  expect(waitingPod([creating], madeMs + 60_000)).toMatchObject({ leftMs: 0, againMs: 60_000 })
  expect(waitingPod([running], madeMs + 60_000)).toMatchObject({ leftMs: 0, againMs: 1_500, about: "reason=Unhealthy" })
})

it("the last that a pod was warned of is found among its Events, and nothing where there is none", async () => {
  await using api = await startTestApi()
  const { client } = api
  const warn = (name: string, type: string, reason: string, message: string, about = "p") =>
    client.create(Event, {
      metadata: { name, namespace: "default" },
      involvedObject: { apiVersion: "v1", kind: "Pod", name: about, namespace: "default" },
      ...{ type, reason, message },
    })
  const waiting = waitingPod([creating], madeMs + 2_000)
  const found = async () => (await new Warnings(client, systemClock).look("default/r", waiting)).warning
  expect(await found()).toBeUndefined()
  await warn("p.1", "Warning", "FailedMount", 'secret "first" not found')
  await warn("p.2", "Warning", "FailedMount", 'secret "second" not found')
  await warn("p.3", "Normal", "Pulling", "an image")
  await warn("p.4", "Warning", "FailedMount", "not this one's", "q")
  expect(await found()).toEqual({ reason: "FailedMount", message: 'secret "second" not found' })
})

it("is asked for when it is due, however often somebody looks, and at once of another pod", async () => {
  const clock = new SimulatedClock()
  let lists = 0
  const list = async () => ({ items: [{ reason: "FailedMount", message: `as of list ${++lists}` }] })
  const warnings = new Warnings({ list } as unknown as Client, clock)
  const look = (waiting: WaitingPod | undefined) => warnings.look("default/r", waiting)
  const waiting = waitingPod([creating], madeMs + 2_000)
  const first = { reason: "FailedMount", message: "as of list 1" }
  expect(await look(waiting)).toEqual({ warning: first, againMs: 2_000 })
  await clock.advance(500)
  expect(await look(waiting)).toEqual({ warning: first, againMs: 1_500 })
  expect((await look(waitingPod([running], madeMs + 2_000))).warning?.message).toBe("as of list 2")
  expect((await look(waiting)).warning?.message).toBe("as of list 3")
  await clock.advance(2_000)
  expect((await look(waiting)).warning?.message).toBe("as of list 4")
  expect(await look(undefined)).toEqual({})
  expect((await look(waiting)).warning?.message).toBe("as of list 5")
})

it("is asked for when the pod has taken its time, not before", async () => {
  const list = () => expect.fail("asked")
  const warnings = new Warnings({ list } as unknown as Client, new SimulatedClock())
  expect(await warnings.look("default/r", waitingPod([creating], madeMs + 500))).toEqual({ againMs: 1_000 })
})
