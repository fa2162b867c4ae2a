import { Secret } from "@wick/sdk/api/core/secret"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { ObjectWatches } from "./object-watches.ts"

it("an object that could not be followed while no pod needed it is read anew for the next", async () => {
  const clock = new SimulatedClock()
  let denied: string | undefined
  await using api = await startTestApi({
    clock,
    authorize: (_, { verb }) => ({ allowed: verb !== denied, reason: "" }),
  })
  const { client, server } = api
  const metadata = { name: "key", namespace: "default" }
  const write = (value: string): object => ({ stringData: { value } })
  await client.create(Secret, { metadata, ...write("old") })
  const node = createClient({ fetch: server.fetchAs({ name: "node", groups: [] }) })
  await using watches = new ObjectWatches(node, systemClock, silentLog)
  const read = async (): Promise<string> => {
    const undo = watches.hold(Secret, "default", "key", () => {})
    const secret = await watches.get(Secret, "default", "key")
    undo()
    return Buffer.from(secret?.data?.value ?? "", "base64").toString()
  }
  expect(await read()).toBe("old")
  denied = "watch"
  // The server ends watches after some minutes; what is written then nobody here is told of.
  await clock.advance(600_000)
  await client.patch(Secret, metadata, { type: "merge", body: write("new") })
  await expect.poll(read).toBe("new")
})
