import { startTestApi } from "@wick/core/testing"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { ensureSystemNamespace } from "@wick/sdk/serving-config"
import { expect, it } from "vitest"
import { startAdmission } from "./index.ts"
import { keepSettings } from "./keep-settings.ts"

const admin = { name: "admin", groups: ["system:masters"] }
const uncalled =
  'Internal error occurred: failed calling webhook "config.webhook.serving.knative.dev": connect ECONNREFUSED'

function refusal(code: number, reason: string, message: string): Response {
  return Response.json({ kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message }, { status: code })
}

/** An API server that answers a new ConfigMap with what `judge` says, if anything. */
async function startJudged(judge: () => Response | undefined) {
  const api = await startTestApi()
  const through = api.server.fetchAs(admin)
  const client = createClient({
    fetch: async (request) => {
      const asked = request.method === "POST" && new URL(request.url).pathname.endsWith("/configmaps")
      return (asked && judge()) || through(request)
    },
  })
  return { client, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

it("a controller whose webhooks the API server does not find yet stays, and makes its settings when it does", async () => {
  let found = false
  const listening = Promise.withResolvers<void>()
  const refused = Promise.withResolvers<void>()
  await using api = await startJudged(() => {
    if (found) return undefined
    refused.resolve()
    return refusal(500, "InternalError", uncalled)
  })
  const webhook = { host: "127.0.0.1", port: 0, onListening: () => listening.resolve() }
  const configDefaults = { "config-wick": { "drain-host": "10.0.0.9" } }
  const starting = startAdmission({ client: api.client, clock: systemClock, log: silentLog, webhook, configDefaults })
  await Promise.race([Promise.all([listening.promise, refused.promise]), starting])
  found = true
  await using _admission = await starting
  const { data } = await api.client.get(ConfigMap, { name: "config-wick", namespace: systemNamespace })
  expect(data).toMatchObject({ "drain-host": "10.0.0.9" })
})

it("a refusal that waiting does not mend is told at once", async () => {
  await using api = await startJudged(() => refusal(403, "Forbidden", "configmaps is forbidden"))
  await ensureSystemNamespace(api.client)
  await expect(keepSettings(api.client, {}, new SimulatedClock(), silentLog)).rejects.toThrow("is forbidden")
})
