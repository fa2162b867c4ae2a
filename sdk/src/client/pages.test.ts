import { describe, expect, it } from "vitest"
import { ConfigMap } from "../api/core/config-map.ts"
import { StatusError } from "../api/meta/status-error.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import { createClient } from "./create-client.ts"
import { listAll, pages } from "./pages.ts"

const item = (name: string): object => ({ metadata: { name } })
const list = (names: string[], next?: string): Response =>
  Response.json({ metadata: { resourceVersion: "7", ...(next && { continue: next }) }, items: names.map(item) })
const expired = (): Response => Response.json(new StatusError("Expired", "too old").toStatus(), { status: 410 })

function answering(...answers: (() => Response)[]) {
  const { fetch, requests } = scriptedFetch(() => (answers.shift() ?? expired)())
  return { client: createClient({ fetch }), asked: () => requests.map(({ path }) => path) }
}

describe("a list in pages", () => {
  it("follows the token, and names the moment only where there is none", async () => {
    const { client, asked } = answering(
      () => list(["a"], "t1"),
      () => list(["b"]),
    )
    const names: string[] = []
    const options = { namespace: "x", limit: 1, resourceVersion: "5", resourceVersionMatch: "Exact" } as const
    for await (const page of pages(client, ConfigMap, options)) {
      names.push(...page.items.map(({ metadata }) => metadata.name))
    }
    expect(names).toEqual(["a", "b"])
    const root = "/api/v1/namespaces/x/configmaps?limit=1"
    expect(asked()).toEqual([`${root}&resourceVersion=5&resourceVersionMatch=Exact`, `${root}&continue=t1`])
  })

  it("tells that the moment was forgotten half way", async () => {
    const { client } = answering(() => list(["a"], "t1"), expired)
    const walk = async (): Promise<void> => {
      for await (const _ of pages(client, ConfigMap));
    }
    await expect(walk()).rejects.toMatchObject({ reason: "Expired" })
  })
})

describe("a whole list", () => {
  it("joins the pages of one moment", async () => {
    const { client } = answering(
      () => list(["a"], "t1"),
      () => list(["b"]),
    )
    const { items, metadata } = await listAll(client, ConfigMap)
    expect(items.map((each) => each.metadata.name)).toEqual(["a", "b"])
    expect(metadata).toEqual({ resourceVersion: "7" })
  })

  it("is asked for in one answer when the moment was forgotten half way", async () => {
    const { client, asked } = answering(
      () => list(["a"], "t1"),
      expired,
      () => list(["c", "d"]),
    )
    const { items } = await listAll(client, ConfigMap, { labelSelector: { matchLabels: { app: "web" } } })
    expect(items.map((each) => each.metadata.name)).toEqual(["c", "d"])
    expect(asked()[2]).toBe("/api/v1/configmaps?labelSelector=app%3Dweb")
  })

  it("is refused as the first page is", async () => {
    const { client } = answering(expired)
    await expect(listAll(client, ConfigMap)).rejects.toMatchObject({ reason: "Expired" })
  })
})
