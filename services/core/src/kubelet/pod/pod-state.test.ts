import type { Pod } from "@wick/sdk/api/core/pod"
import type { Client } from "@wick/sdk/client"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { HistogramCell } from "@wick/sdk/metrics"
import { describe, expect, it } from "vitest"
import type { ContainerRecord } from "../runtime/runtime.ts"
import type { PodDeps } from "./pod-deps.ts"
import { PodState } from "./pod-state.ts"

interface Told {
  readonly atMs: number
  readonly phase: string | undefined
  readonly ready: boolean | undefined
}

/** A pod whose container has just begun to run, and answers its readiness probe from `readyAtMs` on. */
function started(readyAtMs: number) {
  const clock = new SimulatedClock(0)
  const startSeconds = new HistogramCell([60])
  const told: Told[] = []
  const patch = async (_kind: unknown, _reference: unknown, { body }: { body: Pick<Pod, "status"> }) => {
    const [status] = body.status?.containerStatuses ?? []
    told.push({ atMs: clock.monotonic(), phase: body.status?.phase, ready: status?.ready })
  }
  const readinessProbe = { exec: { command: ["true"] }, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1 }
  const container = {
    name: "main",
    image: "web",
    resources: {},
    readinessProbe: { ...readinessProbe, failureThreshold: 3 },
  }
  const pod = {
    metadata: { name: "web", namespace: "default", uid: "u1" },
    spec: { containers: [container], restartPolicy: "Always" },
    status: { phase: "Pending" },
  } as unknown as Pod
  const execSync = async () => ({
    exitCode: clock.monotonic() >= readyAtMs ? 0 : 1,
    stdout: Buffer.of(),
    stderr: Buffer.of(),
  })
  const deps = {
    clock,
    log: silentLog,
    client: { patch } as unknown as Client,
    runtime: { scheme: "containerd", execSync },
    directories: { pods: "/pods", volatile: "/volatile", logs: "/logs" },
    claim: () => {},
    disclaim: () => {},
    events: { record: () => {} },
    hostIp: "10.0.0.1",
    startSeconds,
  } as unknown as PodDeps
  const state = new PodState(deps, pod, () => {})
  const record = { id: "c1", sandboxId: "s1", name: "main", state: "running", startedAtMs: 0, createdAtMs: 0 }
  state.keepContainer(record as ContainerRecord)
  state.watchHealth(record as ContainerRecord)
  state.publish()
  return { clock, told, state, startSeconds }
}

describe("a container that has just begun to run", () => {
  it("is told as running and ready in one write when it is ready soon", async () => {
    const { clock, told, state } = started(40)
    await clock.advance(1_000)
    state.dropHealth()
    expect(told).toEqual([{ atMs: expect.any(Number), phase: "Running", ready: true }])
    expect(told[0]?.atMs).toBeLessThan(100)
  })

  it("is told as running before long when it is not ready yet", async () => {
    const { clock, told, state } = started(300)
    await clock.advance(1_000)
    state.dropHealth()
    expect(told.map(({ ready }) => ready)).toEqual([false, true])
    expect(told[0]?.atMs).toBe(100)
  })

  it("counts as started once, after the time since its pod was seen", async () => {
    const { clock, state, startSeconds } = started(300)
    expect(startSeconds.read()).toMatchObject({ sum: 0 })
    await clock.advance(1_000)
    state.publish()
    state.dropHealth()
    expect(startSeconds.read()).toMatchObject({ sum: 0.1, counts: new Float64Array([1, 0]) })
  })

  it("is told at once when it is to end", async () => {
    const { told, state } = started(300)
    state.publish(true)
    await state.status.flush()
    state.dropHealth()
    expect(told).toMatchObject([{ atMs: 0 }])
  })
})
