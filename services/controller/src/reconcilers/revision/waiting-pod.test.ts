import { startTestApi } from "@wick/core/testing"
import { Event } from "@wick/sdk/api/core/event"
import type { Pod } from "@wick/sdk/api/core/pod"
import { expect, it } from "vitest"
import { lastWarning, waitingPod } from "./waiting-pod.ts"

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
  if (!waiting) throw new Error("it waits")
  expect(await lastWarning(client, waiting)).toBeUndefined()
  await warn("p.1", "Warning", "FailedMount", 'secret "first" not found')
  await warn("p.2", "Warning", "FailedMount", 'secret "second" not found')
  await warn("p.3", "Normal", "Pulling", "an image")
  await warn("p.4", "Warning", "FailedMount", "not this one's", "q")
  expect(await lastWarning(client, waiting)).toEqual({ reason: "FailedMount", message: 'secret "second" not found' })
})
