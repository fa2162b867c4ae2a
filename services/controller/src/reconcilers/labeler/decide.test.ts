import { expect, it } from "vitest"
import { configuration, nowMs, revision, route } from "../../testing/objects.ts"
import { decide } from "./decide.ts"

const state = (patch: object | undefined) =>
  (patch as { metadata: { labels: Record<string, string> } } | undefined)?.metadata.labels[
    "serving.knative.dev/routingState"
  ]
const newest = configuration("True", { latestCreatedRevisionName: "hello-00002" })
const routed = route("True", { traffic: [{ revisionName: "hello-00002", percent: 100 }] })

it("a revision that traffic reaches is active", () => {
  expect(state(decide({ revision: revision("hello-00002"), configuration: newest, routes: [routed] }, nowMs))).toBe(
    "active",
  )
})

it("the newest one, before traffic reaches it, is pending", () => {
  expect(state(decide({ revision: revision("hello-00002"), configuration: newest, routes: [] }, nowMs))).toBe("pending")
})

it("any other is held in reserve", () => {
  expect(state(decide({ revision: revision("hello-00001"), configuration: newest, routes: [routed] }, nowMs))).toBe(
    "reserve",
  )
})

it("is not written again when nothing changed", () => {
  const old = revision("hello-00001")
  const labels = { ...old.metadata.labels, "serving.knative.dev/routingState": "reserve" }
  const same = { ...old, metadata: { ...old.metadata, labels } }
  expect(decide({ revision: same, configuration: newest, routes: [routed] }, nowMs)).toBeUndefined()
})
