import { builtinKinds } from "@wick/sdk/api"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await send("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => api[Symbol.asyncDispose]())

async function send(method: string, path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" }
  return api.fetch(new Request(`https://x${path}`, { method, headers, body: JSON.stringify(body) }))
}

/** Values in the place of fields that want something else. */
const wrong = fc.oneof(
  fc.constantFrom(null, "", "x", 0, -1, true, [], {}, [null], ["x"], [{}], { "": null }, [[[]]]),
  fc.jsonValue({ maxDepth: 3 }),
)

describe("an object that makes no sense", () => {
  it.each(builtinKinds.map((kind) => ({ kind, title: `${kind.apiVersion} ${kind.kind}` })))(
    "is refused or stored, and never breaks the server: $title",
    async ({ kind }) => {
      const root = kind.group === "" ? "/api/v1" : `/apis/${kind.apiVersion}`
      const path = `${root}/${kind.namespaced ? "namespaces/default/" : ""}${kind.plural}`
      const fields = Object.keys(kind.schema.shape)
      const body = fc.record({
        metadata: fc.oneof(fc.constant({ generateName: "x-" }), wrong),
        ...Object.fromEntries(fields.map((field) => [field, wrong])),
      })
      await fc.assert(
        fc.asyncProperty(body, async (object) => {
          const response = await send("POST", path, object)
          expect(response.status, await response.text()).toBeLessThan(500)
        }),
        { numRuns: 60 },
      )
    },
  )
})
