import { startTestApi } from "@wick/core/testing"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { createClient } from "@wick/sdk/client"
import { expect, it } from "vitest"
import { webhookCertificate } from "./certificate.ts"

const names = ["webhook.knative-serving.svc"]
const nowMs = Date.UTC(2026, 0, 1)
const yearMs = 365 * 86_400_000

it("controllers that begin at the same moment serve one certificate, and one that is about to expire is replaced", async () => {
  await using api = await startTestApi()
  const client = createClient({ fetch: api.server.fetchAs({ name: "controller", groups: ["system:masters"] }) })
  await client.create(Namespace, { metadata: { name: "knative-serving" } })
  const asked = (atMs: number) => () => webhookCertificate(client, "knative-serving", names, atMs)
  const first = await Promise.all([1, 2, 3].map(asked(nowMs)))
  expect(new Set(first.map(({ authorityPem }) => authorityPem)).size).toBe(1)
  const later = await Promise.all([1, 2, 3].map(asked(nowMs + yearMs)))
  expect(new Set(later.map(({ authorityPem }) => authorityPem)).size).toBe(1)
  expect(later[0]?.authorityPem).not.toBe(first[0]?.authorityPem)
})
