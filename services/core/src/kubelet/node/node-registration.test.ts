import { Namespace } from "@wick/sdk/api/core/namespace"
import { Node } from "@wick/sdk/api/core/node"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { nodeFacts } from "./node-facts.ts"
import { NodeRegistration } from "./node-registration.ts"

const facts = await nodeFacts("/")
const view = { name: "one", facts, runtimeVersion: "r", version: "v", runtimeHandlers: [], podsMax: 110 }

it("says again that it is ready when others have given it up meanwhile", async () => {
  await using api = await startTestApi()
  const { client } = api
  await client.create(Namespace, { metadata: { name: "kube-node-lease" } }).catch((error) => {
    if (!isStatus(error, "AlreadyExists")) throw error
  })
  const clock = new SimulatedClock()
  await using registration = new NodeRegistration({
    client,
    clock,
    log: silentLog,
    podCidr: undefined,
    annotations: {},
  })
  await registration.register(view)
  const ready = async (): Promise<string | undefined> =>
    findCondition((await client.get(Node, { name: "one" })).status?.conditions, "Ready")?.status
  expect(await ready()).toBe("True")
  const conditions = [{ type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" }]
  await client.patch(
    Node,
    { name: "one" },
    { type: "merge", body: { status: { conditions } } },
    { subresource: "status" },
  )
  await clock.advance(10_000)
  await expect.poll(ready).toBe("True")
})
