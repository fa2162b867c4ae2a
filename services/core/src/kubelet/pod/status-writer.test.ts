import type { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { StatusWriter } from "./status-writer.ts"

const pod = { metadata: { name: "p", namespace: "default", uid: "u" }, status: { phase: "Running" } } as unknown as Pod

function writer(patches: unknown[]): StatusWriter {
  const client = { patch: async (...call: unknown[]) => void patches.push(call[2]) } as unknown as Client
  return new StatusWriter(client, new SimulatedClock(), silentLog, pod)
}

it("writes nothing and ends when there is nothing new to say", async () => {
  const patches: unknown[] = []
  const status = writer(patches)
  status.write({ phase: "Running" })
  await status.flush()
  expect(patches).toEqual([])
})

it("writes only what differs, and the last of several", async () => {
  const patches: unknown[] = []
  const status = writer(patches)
  status.write({ phase: "Running", podIP: "10.0.0.1" })
  status.write({ phase: "Failed", podIP: "10.0.0.1" })
  await status.flush()
  expect(patches.at(-1)).toMatchObject({ body: { status: { phase: "Failed" } } })
})
