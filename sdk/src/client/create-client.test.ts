import { describe, expect, it } from "vitest"
import { ConfigMap } from "../api/core/config-map.ts"
import { StatusError } from "../api/meta/status-error.ts"
import { ScriptedWatch, scriptedFetch } from "../testing/scripted-fetch.ts"
import { createClient } from "./create-client.ts"

const map = { metadata: { name: "settings", namespace: "default" }, data: { a: "1" } }
const reference = { name: "settings", namespace: "default" }
const item = "/api/v1/namespaces/default/configmaps/settings"

function clientOf(answer: () => Response) {
  const { fetch, requests } = scriptedFetch(answer)
  return { client: createClient({ fetch, userAgent: "wick-test", fieldManager: "tester" }), requests }
}

describe("a client", () => {
  const ok = (): Response => Response.json({ kind: "ConfigMap" })

  it.each<{ name: string; call: (client: ReturnType<typeof createClient>) => Promise<unknown>; sent: object }>([
    {
      name: "gets an object by its path",
      call: (client) => client.get(ConfigMap, reference),
      sent: { method: "GET", path: item },
    },
    {
      name: "lists all namespaces where none is named",
      call: (client) => client.list(ConfigMap, { labelSelector: "app in (a,b)", limit: 5 }),
      sent: { method: "GET", path: "/api/v1/configmaps?labelSelector=app%20in%20(a%2Cb)&limit=5" },
    },
    {
      name: "creates with the type filled in and its own name as field manager",
      call: (client) => client.create(ConfigMap, map),
      sent: {
        method: "POST",
        path: "/api/v1/namespaces/default/configmaps?fieldManager=tester",
        body: { apiVersion: "v1", kind: "ConfigMap", ...map },
      },
    },
    {
      name: "updates the status alone",
      call: (client) => client.updateStatus(ConfigMap, map, { dryRun: true }),
      sent: { method: "PUT", path: `${item}/status?fieldManager=tester&dryRun=All` },
    },
    {
      name: "applies by a patch of its own type",
      call: (client) => client.apply(ConfigMap, map, { fieldManager: "me", force: true }),
      sent: { method: "PATCH", path: `${item}?fieldManager=me&force=true` },
    },
    {
      name: "deletes with options in the body",
      call: (client) => client.delete(ConfigMap, reference, { propagationPolicy: "Foreground" }),
      sent: {
        method: "DELETE",
        path: item,
        body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground" },
      },
    },
  ])("$name", async ({ call, sent }) => {
    const { client, requests } = clientOf(ok)
    await call(client)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject(sent)
    expect(requests[0]?.headers.get("user-agent")).toBe("wick-test")
  })

  it("throws the server's no with its reason and how long to wait", async () => {
    const status = { kind: "Status", status: "Failure", reason: "TooManyRequests", message: "slow down", code: 429 }
    const { client } = clientOf(() => Response.json(status, { status: 429, headers: { "retry-after": "2" } }))
    const error = await client.get(ConfigMap, reference).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StatusError)
    expect(error).toMatchObject({ reason: "TooManyRequests", code: 429, details: { retryAfterSeconds: 2 } })
  })

  it("understands a no that is not a Status by its code", async () => {
    const { client } = clientOf(() => new Response("upstream is away", { status: 503 }))
    await expect(client.get(ConfigMap, reference)).rejects.toMatchObject({
      reason: "ServiceUnavailable",
      message: "upstream is away",
    })
  })

  it("refuses to write a namespaced object without a namespace before anything is sent", async () => {
    const { client, requests } = clientOf(ok)
    expect(() => client.create(ConfigMap, { metadata: { name: "x" } })).toThrow("metadata.namespace")
    expect(requests).toHaveLength(0)
  })

  it("watches until the stream ends", async () => {
    const watch = new ScriptedWatch()
    watch.send({ type: "ADDED", object: map }, { type: "DELETED", object: map })
    watch.end()
    const { client } = clientOf(() => watch.response)
    const types = []
    for await (const event of client.watch(ConfigMap, { namespace: "default" })) types.push(event.type)
    expect(types).toEqual(["ADDED", "DELETED"])
  })
})
