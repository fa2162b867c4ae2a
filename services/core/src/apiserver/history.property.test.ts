import type { AnyObject } from "@wick/sdk/api/kind"
import fc from "fast-check"
import { expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

const path = "/api/v1/namespaces/default/configmaps"
/** Few enough that writes meet one another. */
const names = ["a", "b", "c", "d", "e", "f"]
const runs = { numRuns: 30 }

/** A write of one object: there with these labels and this text, or not there. */
const write = fc.record({
  name: fc.constantFrom(...names),
  app: fc.constantFrom("web", "api", undefined),
  text: fc.constantFrom("1", "2"),
  isGone: fc.boolean(),
})
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never

interface Event {
  readonly type: string
  readonly object: AnyObject
}

async function ask(api: TestApi, method: string, url: string, body?: object): Promise<Response> {
  const fetch = api.server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const headers = { "content-type": "application/json" }
  return fetch(new Request(`http://x${url}`, { method, headers, ...(body && { body: JSON.stringify(body) }) }))
}

/** Does it, and says what was there before and is there now; the revision is that of the deletion for what is gone. */
async function done(api: TestApi, { name, app, text, isGone }: Write): Promise<Change | undefined> {
  const found = await ask(api, "GET", `${path}/${name}`)
  const before = found.status === 200 ? ((await found.json()) as AnyObject) : undefined
  if (isGone) {
    if (!before) return undefined
    await ask(api, "DELETE", `${path}/${name}`)
    return { before, after: undefined, revision: api.storage.currentRevision() }
  }
  const object = { metadata: { name, ...(app && { labels: { app } }) }, data: { text } }
  const response = await (before ? ask(api, "PUT", `${path}/${name}`, object) : ask(api, "POST", path, object))
  const after = (await response.json()) as AnyObject
  const isSame = before?.metadata.resourceVersion === after.metadata.resourceVersion
  return isSame ? undefined : { before, after, revision: Number(after.metadata.resourceVersion) }
}

interface Change {
  readonly before: AnyObject | undefined
  readonly after: AnyObject | undefined
  readonly revision: number
}

async function list(api: TestApi, query: string): Promise<{ items: AnyObject[]; metadata: Record<string, string> }> {
  return (await (await ask(api, "GET", `${path}?${query}`)).json()) as never
}

it("pages of a list add up to what was there at its first page, whatever is written between them", async () => {
  const rounds = fc.array(fc.array(write, { maxLength: 4 }), { minLength: 1, maxLength: 6 })
  const selector = fc.constantFrom("", "&labelSelector=app%3Dweb", "&labelSelector=app!%3Dweb")
  await fc.assert(
    fc.asyncProperty(rounds, fc.integer({ min: 1, max: 3 }), selector, async (writes, limit, selected) => {
      await using api = await startTestApi()
      for (const each of writes[0] ?? []) await done(api, each)
      const whole = await list(api, selected)
      const seen: AnyObject[] = []
      let next: string | undefined = ""
      for (let round = 1; next !== undefined; round++) {
        const page = await list(api, `limit=${limit}&continue=${next}${selected}`)
        expect(page.metadata.resourceVersion).toBe(whole.metadata.resourceVersion)
        seen.push(...page.items)
        next = page.metadata.continue
        for (const each of writes[round] ?? []) await done(api, each)
      }
      expect(seen).toEqual(whole.items)
    }),
    runs,
  )
})

it("a watch from any version tells exactly the writes after it, in order, as its selection sees them", async () => {
  const writes = fc.array(write, { minLength: 1, maxLength: 14 })
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(), fc.nat(), fc.boolean(), async (steps, start, join, selects) => {
      await using api = await startTestApi()
      await list(api, "")
      const versions = [api.storage.currentRevision()]
      const changes: Change[] = []
      let events: AsyncGenerator<Event> | undefined
      const from = start % (steps.length + 1)
      const at = Math.max(from, join % (steps.length + 1))
      for (const [index, each] of steps.entries()) {
        // The watch may begin long after the version from which it tells.
        if (index === at) events = watch(api, versions[from] ?? 0, selects)
        const change = await done(api, each)
        if (change) changes.push(change)
        versions.push(change?.revision ?? api.storage.currentRevision())
      }
      events ??= watch(api, versions[from] ?? 0, selects)
      const end = await done(api, { name: "end", app: "web", text: "1", isGone: false })
      const isSeen = ({ metadata }: AnyObject): boolean => !selects || metadata.labels?.app === "web"
      const after = [...changes, end as Change].filter(({ revision }) => revision > (versions[from] ?? 0))
      const expected = after.flatMap((change) => seenAs(change, isSeen))
      const told: Event[] = []
      for await (const event of events) {
        told.push(event)
        if (event.object.metadata.name === "end") break
      }
      expect(told).toEqual(expected)
    }),
    runs,
  )
})

/** What leaves a selection is deleted for who watches it, as it last was in it; what enters is added. */
function seenAs({ before, after, revision }: Change, isSeen: (object: AnyObject) => boolean): Event[] {
  const was = before !== undefined && isSeen(before)
  if (after && isSeen(after)) return [{ type: was ? "MODIFIED" : "ADDED", object: after }]
  if (!was) return []
  return [{ type: "DELETED", object: { ...before, metadata: { ...before.metadata, resourceVersion: `${revision}` } } }]
}

async function* watch(api: TestApi, version: number, selects: boolean): AsyncGenerator<Event> {
  const selector = selects ? "&labelSelector=app%3Dweb" : ""
  const response = await ask(api, "GET", `${path}?watch=true&resourceVersion=${version}${selector}`)
  const lines = response.body?.pipeThrough(new TextDecoderStream())
  let text = ""
  for await (const chunk of lines ?? []) {
    const parts = (text + chunk).split("\n")
    text = parts.pop() ?? ""
    for (const line of parts) yield JSON.parse(line) as Event
  }
}
