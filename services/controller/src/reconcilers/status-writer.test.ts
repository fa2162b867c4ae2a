import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { crd } from "@wick/sdk/api/crd"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { createClient, type FetchWrapper } from "@wick/sdk/client"
import { SimulatedClock } from "@wick/sdk/clock"
import { done, wakeAfter } from "@wick/sdk/controller"
import { expect, it } from "vitest"
import { StatusWriter, untoldMsMax } from "./status-writer.ts"

const reference = { name: "hello", namespace: "default" }
const spec = { template: { spec: { containers: [{ name: "user-container", image: "registry.test/hello" }] } } }

async function startScene() {
  await using undo = new AsyncDisposableStack()
  const { client, server } = undo.use(await startTestApi())
  await client.create(CustomResourceDefinition, crd(Configuration))
  await client.create(Configuration, { metadata: reference, spec })
  let writes = 0
  const counted: FetchWrapper = (next) => (request) => {
    if (request.method !== "GET") writes++
    return next(request)
  }
  const own = createClient({ fetch: counted(server.fetchAs({ name: "controller", groups: ["system:masters"] })) })
  const clock = new SimulatedClock()
  const statuses = new StatusWriter({ client: own, clock }, Configuration)
  const running = undo.move()
  return {
    clock,
    statuses,
    writes: () => writes,
    write: async (status: "True" | "False" | "Unknown", reason?: string, options?: { atOnce: boolean }) => {
      const conditions = [{ type: "Ready", status, reason, lastTransitionTime: "2026-01-01T00:00:00Z" }]
      return statuses.write(await client.get(Configuration, reference), { conditions }, options)
    },
    told: async () => {
      const { status } = await client.get(Configuration, reference)
      return status?.conditions?.map(({ status: value, reason }) => reason ?? value).join()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

it("of what is over soon only the end is told", async () => {
  await using scene = await startScene()
  expect(await scene.write("Unknown", "Resolving")).toEqual(wakeAfter(untoldMsMax))
  await scene.clock.advance(400)
  expect(await scene.write("Unknown", "Deploying")).toEqual(wakeAfter(untoldMsMax - 400))
  expect(await scene.told()).toBeUndefined()
  expect(await scene.write("True")).toBe(done)
  expect(await scene.told()).toBe("True")
  expect(scene.writes()).toBe(1)
})

it("what takes its time is told where it is then, and from there on again when that has lasted", async () => {
  await using scene = await startScene()
  await scene.write("Unknown", "Resolving")
  await scene.clock.advance(untoldMsMax)
  expect(await scene.write("Unknown", "Deploying")).toBe(done)
  expect(await scene.told()).toBe("Deploying")
  expect(await scene.write("Unknown", "Deploying")).toBe(done)
  expect(await scene.write("Unknown", "Scheduling")).toEqual(wakeAfter(untoldMsMax))
  expect(scene.writes()).toBe(1)
})

it("a failure, and what somebody waits for, is told at once", async () => {
  await using scene = await startScene()
  expect(await scene.write("Unknown", "Created", { atOnce: true })).toBe(done)
  expect(await scene.told()).toBe("Created")
  expect(await scene.write("False", "Refused")).toBe(done)
  expect(await scene.told()).toBe("Refused")
})

it("an object that is made anew has its own time", async () => {
  await using scene = await startScene()
  await scene.write("Unknown", "Resolving")
  await scene.clock.advance(untoldMsMax)
  scene.statuses.forget("default/hello")
  expect(await scene.write("Unknown", "Resolving")).toEqual(wakeAfter(untoldMsMax))
})
