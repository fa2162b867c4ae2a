import { type AnyObject, Deployment, Event } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { describe, expect, it } from "vitest"
import { builtinResource, type ServedResource } from "./served-resource.ts"
import { humanAge, tableOf } from "./table.ts"

const { schema, components } = openapiSchema(Deployment)
const deployments = builtinResource(Deployment, schema, components)
const now = Date.UTC(2026, 0, 2)
const object: AnyObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { replicas: 3, ready: null },
  status: { readyReplicas: 1, conditions: [{ type: "Ready", status: "True" }] },
}

interface Table {
  columnDefinitions: { name: string; type: string; priority: number }[]
  rows: { cells: unknown[]; object?: { kind: string } }[]
}

const table = (resource: ServedResource, include: "Metadata" | "Object" | "None" = "Metadata"): Table =>
  tableOf(resource, [object], {}, include, now) as Table

describe("a table", () => {
  it("has the kind's columns, ages in words, and of each object its metadata", () => {
    const { columnDefinitions, rows } = table(deployments)
    expect(columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      "Name",
      "Ready",
      "Up-to-date",
      "Available",
      "Age",
    ])
    expect(rows[0]?.cells.slice(0, 5)).toEqual(["web", "1/3", "0", "0", "24h"])
    expect(rows[0]?.object?.kind).toBe("PartialObjectMetadata")
  })

  it("of events begins with when they were last seen: their names say nothing", () => {
    const { schema, components } = openapiSchema(Event)
    const { columnDefinitions } = table(builtinResource(Event, schema, components))
    const shown = columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)
    expect(shown).toEqual(["Last Seen", "Type", "Reason", "Object", "Message"])
  })

  it("carries the whole object, or none, when that is asked for", () => {
    expect(table(deployments, "Object").rows[0]?.object).toBe(object)
    expect(table(deployments, "None").rows[0]).not.toHaveProperty("object")
  })

  it("of a custom resource reads its columns' paths, and tells dates as ages", () => {
    const columns = [
      { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: "Missing", type: "string", jsonPath: ".status.nothing" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
      { name: "Due", type: "date", jsonPath: ".metadata.name" },
    ] as const
    const { columnDefinitions, rows } = table({ ...deployments, custom: true, columns })
    expect(columnDefinitions.map(({ type }) => type)).toEqual(["string", "string", "string", "date", "date"])
    expect(rows[0]?.cells).toEqual(["web", "True", null, "24h", "<invalid>"])
  })
})

it.each([
  [0, "0s"],
  [119, "119s"],
  [312, "5m12s"],
  [600, "10m"],
  [3 * 3_600 + 240, "3h4m"],
  [86_400, "24h"],
  [2 * 86_400 + 4 * 3_600, "2d4h"],
  [400 * 86_400, "400d"],
])("an age of %d seconds is written %s", (seconds, text) => {
  expect(humanAge(seconds * 1_000)).toBe(text)
})
