import type { IncomingMessage } from "node:http"
import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { builtinKinds } from "@wick/sdk/api"
import { Pod } from "@wick/sdk/api/core/pod"
import { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { createApiServer } from "../create-api-server.ts"

const level = (nominalConcurrencyShares: number) => ({
  metadata: { name: "shells" },
  spec: {
    type: "Limited",
    limited: { nominalConcurrencyShares, borrowingLimitPercent: 0, limitResponse: { type: "Reject" } },
  },
})
const schema = {
  metadata: { name: "shells" },
  spec: {
    priorityLevelConfiguration: { name: "shells" },
    matchingPrecedence: 5,
    rules: [
      {
        subjects: [{ kind: "User", user: { name: "jo" } }],
        resourceRules: [{ verbs: ["*"], apiGroups: [""], resources: ["pods/exec"], namespaces: ["*"] }],
      },
    ],
  },
}
const container = { name: "main", image: "x" }

it("a shell takes a seat until it is open, and none while it lasts; without a seat it is refused", async () => {
  const opened: string[] = []
  const storage = createMemoryStorage({ clock: systemClock })
  const server = createApiServer({
    storage,
    kinds: builtinKinds,
    virtual: [],
    admission: [],
    authorize: () => ({ allowed: true, reason: "" }),
    nodeProxy: () => ({
      fetch: () => expect.unreachable(),
      upgrade: (request) => void opened.push(request.url ?? ""),
    }),
    serviceCidr: "10.235.0.0/16",
    version: "v1.36.0",
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  await server.ready
  const fetch = server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const client = createClient({ fetch })
  const spec = { nodeName: "one", containers: [container] }
  await client.create(Pod, { metadata: { name: "web", namespace: "default" }, spec })
  await client.create(PriorityLevelConfiguration, level(5) as never)
  await client.create(FlowSchema, schema as never)
  const exec = (): PassThrough => {
    const socket = new PassThrough()
    const incoming = { method: "GET", url: "/api/v1/namespaces/default/pods/web/exec?command=sh", rawHeaders: [] }
    server.upgrade(incoming as unknown as IncomingMessage, socket, Buffer.alloc(0), { name: "jo", groups: [] })
    return socket
  }
  const metrics = async (): Promise<string> => (await fetch(new Request("https://api/metrics"))).text()
  const labels = '{priority_level="shells",flow_schema="shells"}'

  exec()
  while (opened.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(await metrics()).toContain(`apiserver_flowcontrol_dispatched_requests_total${labels} 1\n`)
  expect(await metrics()).toContain(`apiserver_flowcontrol_current_executing_seats${labels} 0\n`)

  const body = { spec: level(0).spec }
  await client.patch(PriorityLevelConfiguration, { name: "shells" }, { type: "merge", body })
  const answer = await text(exec())
  expect(answer).toMatch(/^HTTP\/1.1 429 .*retry-after: 1\r\n.*x-kubernetes-pf-flowschema-uid: \S+\r\n/s)
  expect(answer).toContain('"reason":"TooManyRequests"')
  expect(opened).toHaveLength(1)
  await server[Symbol.asyncDispose]()
  await storage.close()
})
