import { describe, expect, it } from "vitest"
import { configuration, nowMs, revision, route } from "../../testing/objects.ts"
import { configurationsOf, decide, decideConfiguration, revisionsOf } from "./decide.ts"

const newest = configuration("True", { latestCreatedRevisionName: "hello-00002" }, 2)
const routed = route("True", { traffic: [{ revisionName: "hello-00002", percent: 100 }] })
const names = { routes: "serving.knative.dev/routes", modified: "serving.knative.dev/routingStateModified" }

function labelled(name: string, state: string, routes?: string) {
  const own = revision(name)
  const labels = { ...own.metadata.labels, "serving.knative.dev/routingState": state }
  return { ...own, metadata: { ...own.metadata, labels, annotations: { ...(routes && { [names.routes]: routes }) } } }
}

describe("a revision", () => {
  it("that traffic reaches is active, since when and by which route", () => {
    expect(decide({ revision: revision("hello-00002"), configuration: newest, routes: [routed] }, nowMs)).toEqual({
      metadata: {
        labels: { "serving.knative.dev/routingState": "active" },
        annotations: { [names.routes]: "hello", [names.modified]: "2026-01-01T00:00:00Z" },
      },
    })
  })

  it.each([
    ["hello-00002", "pending", "is the newest one, before traffic reaches it"],
    ["hello-00001", "reserve", "is any other"],
  ])("%s is %s when it %s", (name, state) => {
    const patch = decide({ revision: revision(name), configuration: newest, routes: [] }, nowMs)
    expect(patch).toMatchObject({ metadata: { labels: { "serving.knative.dev/routingState": state } } })
  })

  it("is in reserve when its only route is gone, though it is the newest", () => {
    const left = labelled("hello-00002", "active", "hello")
    expect(decide({ revision: left, configuration: newest, routes: [] }, nowMs)).toMatchObject({
      metadata: { labels: { "serving.knative.dev/routingState": "reserve" }, annotations: { [names.routes]: null } },
    })
    const kept = labelled("hello-00002", "reserve")
    expect(decide({ revision: kept, configuration: newest, routes: [] }, nowMs)).toBeUndefined()
  })

  it("is not in reserve while its configuration has not told of it yet", () => {
    const made = labelled("hello-00003", "pending")
    const looking = { ...newest, metadata: { ...newest.metadata, generation: 3 } }
    expect(decide({ revision: made, configuration: looking, routes: [] }, nowMs)).toBeUndefined()
    expect(decide({ revision: made, configuration: newest, routes: [] }, nowMs)).toBeUndefined()
  })

  it("is not written again when nothing changed", () => {
    const reserved = labelled("hello-00001", "reserve")
    expect(decide({ revision: reserved, configuration: newest, routes: [] }, nowMs)).toBeUndefined()
    const active = labelled("hello-00002", "active", "hello")
    expect(decide({ revision: active, configuration: newest, routes: [routed] }, nowMs)).toBeUndefined()
  })

  it("stays active since when it was, when another route is added", () => {
    const other = { ...routed, metadata: { ...routed.metadata, name: "a-second" } }
    const active = labelled("hello-00002", "active", "hello")
    expect(decide({ revision: active, configuration: newest, routes: [routed, other] }, nowMs)).toEqual({
      metadata: { annotations: { [names.routes]: "a-second,hello" } },
    })
  })
})

it("a configuration names the routes that lead to it, and none when they are gone", () => {
  expect(decideConfiguration(newest, [routed])).toEqual({ metadata: { annotations: { [names.routes]: "hello" } } })
  const noted = { ...newest, metadata: { ...newest.metadata, annotations: { [names.routes]: "hello" } } }
  expect(decideConfiguration(noted, [routed])).toBeUndefined()
  expect(decideConfiguration(noted, [])).toEqual({ metadata: { annotations: { [names.routes]: null } } })
})

it("a route leads to what its spec wishes and its status has", () => {
  const spec = {
    traffic: [
      { configurationName: "hello", percent: 90 },
      { revisionName: "hello-00001", percent: 10 },
    ],
  }
  const both = { ...routed, spec } as typeof routed
  expect(revisionsOf(both)).toEqual(["default/hello-00001", "default/hello-00002"])
  expect(configurationsOf(both)).toEqual(["default/hello"])
})
