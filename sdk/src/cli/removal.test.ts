import { describe, expect, it } from "vitest"
import { Service } from "../api/serving/service.ts"
import { createClient } from "../client/index.ts"
import { SimulatedClock } from "../clock/index.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import type { Context } from "./context.ts"
import { removeObject } from "./removal.ts"
import type { Target } from "./target.ts"

const object = { metadata: { name: "hello", namespace: "default", resourceVersion: "5" } }
const there = (): Response => Response.json({ metadata: { resourceVersion: "5" }, items: [object] })
const notThere = (): Response => Response.json({ metadata: { resourceVersion: "9" }, items: [] })
const watched = (...events: object[]): Response =>
  new Response(events.map((each) => `${JSON.stringify(each)}\n`).join(""))
const deleted = { type: "DELETED", object }
const expired = { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } }
const broken = (): Response =>
  new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError("terminated")) }))

/** Deletes while the server answers so, one after the other; time passes as it is waited for. */
async function remove(...answers: (() => Response)[]): Promise<string> {
  const clock = new SimulatedClock()
  const said: string[] = []
  const { fetch } = scriptedFetch(({ method }) => (method === "DELETE" ? Response.json(object) : next()))
  const next = (): Response => {
    const answer = answers.shift()
    if (answer === undefined) throw new TypeError("fetch failed")
    return answer()
  }
  const out = (text: string): void => void said.push(text)
  const context = { clock, out, err: out, interrupted: new AbortController().signal } as unknown as Context
  const at = { client: createClient({ fetch }), namespace: "default" } as Target
  let isOver = false
  const removed = removeObject(context, at, Service, "hello", { waitTimeout: 60_000 }).finally(() => {
    isOver = true
  })
  removed.catch(() => {})
  while (!isOver) await clock.advance(100)
  await removed
  expect(answers).toEqual([])
  return said.join("")
}

describe("a removal", () => {
  it.each([
    ["is over when the watch tells so", [there, () => watched(deleted)]],
    ["goes on when the server ends the watch", [there, () => watched(), there, () => watched(deleted)]],
    [
      "goes on when the server knows the version no more",
      [there, () => watched(expired), there, () => watched(deleted)],
    ],
    ["goes on when the connection breaks, and finds the object gone meanwhile", [there, broken, notThere]],
  ])("%s", async (_, answers) => {
    expect(await remove(...answers)).toBe("service/hello deleted\n")
  })

  it("says after its time that the object is still there, and at once that nobody answers", async () => {
    const always = Array.from({ length: 1_000 }, () => [there, () => watched()]).flat()
    await expect(remove(...always)).rejects.toThrow("service/hello is still being deleted")
    await expect(remove(there, broken)).rejects.toThrow("fetch failed")
  })
})
