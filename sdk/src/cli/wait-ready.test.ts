import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import type { Service } from "../api/serving/service.ts"
import type { Client } from "../client/client.ts"
import type { Context } from "./context.ts"
import { readinessOf, waitUntilReady } from "./wait-ready.ts"

type Told = readonly [status: string, reason?: string, message?: string]

function service(observedGeneration: number, conditions: Readonly<Record<string, Told>>): Service {
  const told = Object.entries(conditions).map(([type, [status, reason, message]]) => ({
    type,
    status,
    reason,
    message,
  }))
  return { metadata: { name: "hello", generation: 2 }, status: { observedGeneration, conditions: told } } as Service
}

const outOfDate: Told = ["Unknown", "OutOfDate", "The Configuration is still working."]

describe("the phase that a wait shows", () => {
  it.each<[string, number, Record<string, Told>, string]>([
    ["a status of the generation before says nothing", 1, { Ready: ["False", "RevisionFailed", "old"] }, "accepted"],
    ["a configuration that has not caught up says nothing", 2, { ConfigurationsReady: outOfDate }, "accepted"],
    [
      "traffic of the revision before is not traffic of this one",
      2,
      { Ready: ["Unknown", "Deploying"], ConfigurationsReady: ["Unknown", "Deploying"], RoutesReady: ["True"] },
      "Deploying",
    ],
    [
      "a reason comes with its message",
      2,
      { ConfigurationsReady: ["Unknown", "ContainerNotReady", "runs but is not ready"] },
      "ContainerNotReady: runs but is not ready",
    ],
    [
      "a route that has not caught up says nothing",
      2,
      { ConfigurationsReady: ["True"], RoutesReady: outOfDate },
      "revision ready",
    ],
    [
      "traffic that moves says so",
      2,
      { ConfigurationsReady: ["True"], RoutesReady: ["Unknown", "TrafficNotMigrated", "not yet"] },
      "TrafficNotMigrated: not yet",
    ],
  ])("%s", (_, observed, conditions, phase) => {
    expect(readinessOf(service(observed, conditions))).toEqual({ kind: "waiting", phase })
  })

  it("ends with the reason of this generation's failure, or its readiness", () => {
    const failed = service(2, { Ready: ["False", "RevisionFailed", "no such image"] })
    expect(readinessOf(failed)).toEqual({ kind: "failed", reason: "RevisionFailed", message: "no such image" })
    expect(readinessOf(service(2, { Ready: ["True"] }))).toEqual({ kind: "ready" })
  })
})

describe("a wait whose watch ends early", () => {
  it("goes on with another one", async () => {
    const clock = new SimulatedClock()
    const waiting = service(2, { Ready: ["Unknown", "Deploying"] })
    const ready = service(2, { Ready: ["True"] })
    const watches = [[waiting], [waiting, ready]]
    async function* watch(): AsyncGenerator {
      for (const object of watches.shift() ?? []) yield { type: "MODIFIED", object }
    }
    const context = { clock, interrupted: new AbortController().signal, err: () => {} } as unknown as Context
    const waited = waitUntilReady(context, { watch } as unknown as Client, waiting, { waitTimeout: 60_000 })
    await clock.advance(1_000)
    expect(await waited).toBe(ready)
  })
})

describe("a wait for pods that something hinders", () => {
  it("tells what that is, once, and ends with it", async () => {
    const clock = new SimulatedClock()
    const stuck = service(2, { Ready: ["Unknown", "Deploying"] })
    Object.assign(stuck.status ?? {}, { latestCreatedRevisionName: "hello-00002" })
    async function* watch(_: unknown, { signal }: { signal: AbortSignal }): AsyncGenerator {
      yield { type: "MODIFIED", object: stuck }
      await clock.sleep(Number.MAX_SAFE_INTEGER, signal)
    }
    const waiting = { reason: "CreateContainerConfigError", message: 'secret "keys" not found' }
    const pods = [{ metadata: {}, status: { containerStatuses: [{ state: { waiting } }] } }]
    const list = async ({ kind }: { kind: string }) => ({ items: kind === "Pod" ? pods : [] })
    const said: string[] = []
    const context = { clock, interrupted: new AbortController().signal, err: (text: string) => said.push(text) }
    const client = { watch, list } as unknown as Client
    const waited = waitUntilReady(context as unknown as Context, client, stuck, { waitTimeout: 10_000 })
    const told = 'it was last: CreateContainerConfigError: secret "keys" not found'
    const refused = expect(waited).rejects.toThrow(`service/hello was not ready after 10.0 s; ${told}`)
    for (let second = 0; second <= 10; second++) await clock.advance(1_000)
    await refused
    expect(said.filter((line) => line.includes("keys"))).toHaveLength(1)
  })
})

describe("a wait with a window", () => {
  const failed = service(2, { Ready: ["False", "RevisionFailed", "no such image"] })
  const ready = service(2, { Ready: ["True"] })

  /** Waits on a service that goes through `states`; each function among them happens between two. */
  function wait(states: readonly (Service | ((clock: SimulatedClock) => unknown))[]): Promise<Service> {
    const clock = new SimulatedClock()
    async function* watch(_: unknown, { signal }: { signal: AbortSignal }): AsyncGenerator {
      for (const state of states) {
        if (typeof state === "function") await state(clock)
        else yield { type: "MODIFIED", object: state }
        signal.throwIfAborted()
      }
    }
    const context = { clock, interrupted: new AbortController().signal, err: () => {} } as unknown as Context
    const patience = { waitTimeout: 60_000, waitWindow: 2_000 }
    return waitUntilReady(context, { watch } as unknown as Client, ready, patience)
  }

  it("forgives a failure that is over in time", async () => {
    expect(await wait([failed, (clock) => clock.advance(1_999), ready])).toBe(ready)
  })

  it("believes a failure that stays", async () => {
    const told = "service/hello is not ready: RevisionFailed: no such image"
    await expect(wait([failed, (clock) => clock.advance(2_000), ready])).rejects.toThrow(told)
  })

  it("counts anew when a failure comes back", async () => {
    const waiting = service(2, { Ready: ["Unknown", "Deploying"], ConfigurationsReady: ["Unknown", "Deploying"] })
    const [half, more] = [1_500, 1_500].map((ms) => (clock: SimulatedClock) => clock.advance(ms))
    expect(await wait([failed, half as never, waiting, failed, more as never, ready])).toBe(ready)
  })
})
