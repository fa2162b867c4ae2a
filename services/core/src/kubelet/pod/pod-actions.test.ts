import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import type { ContainerRecord, SandboxRecord } from "../runtime/runtime.ts"
import { type Health, podActions } from "./pod-actions.ts"

const sandbox: SandboxRecord = {
  id: "box",
  pod: { uid: "u", name: "p", namespace: "n" },
  attempt: 0,
  ready: true,
  createdAtMs: 0,
  ips: ["10.0.0.1"],
}

function podOf(spec: object): Pod {
  return {
    metadata: { name: "p", namespace: "n", uid: "u" },
    spec: { restartPolicy: "Always", containers: [{ name: "a" }], ...spec },
  } as unknown as Pod
}

function record(name: string, more: Partial<ContainerRecord> = {}): ContainerRecord {
  return {
    id: `${name}-${more.attempt ?? 0}`,
    sandboxId: "box",
    podUid: "u",
    name,
    attempt: 0,
    state: "running",
    createdAtMs: 0,
    image: "",
    imageId: "",
    logPath: "",
    annotations: {},
    ...more,
  }
}

const exited = (name: string, exitCode: number, attempt = 0) =>
  record(name, { state: "exited", exitCode, attempt, finishedAtMs: 1_000 })

function plan(
  pod: Pod,
  containers: ContainerRecord[],
  more: { sandboxes?: SandboxRecord[]; health?: [string, Health][]; delayMs?: number; nowMs?: number } = {},
) {
  const backoffs = new Map(more.delayMs ? [["a", { delayMs: more.delayMs, triedAtMs: 500 }] as const] : [])
  const observed = { sandboxes: more.sandboxes ?? [sandbox], containers }
  const view = { pod, observed, backoffs, health: new Map(more.health), heldUntilMs: new Map<string, number>() }
  const { sandbox: made, starts, stops, finished, wakeAtMs, backingOff } = podActions(view, more.nowMs ?? 2_000)
  return {
    sandbox: made?.attempt,
    starts: starts.map(({ container, attempt }) => `${container.name}#${attempt}`),
    stops: stops.map((stop) => stop.record.id),
    finished,
    wakeAtMs,
    backingOff,
  }
}

const quiet = { sandbox: undefined, starts: [], stops: [], finished: false, wakeAtMs: undefined, backingOff: [] }

describe("what is done about a pod", () => {
  it("that is new: a sandbox and all containers", () => {
    const pod = podOf({ containers: [{ name: "a" }, { name: "b" }] })
    expect(plan(pod, [], { sandboxes: [] })).toEqual({ ...quiet, sandbox: 0, starts: ["a#0", "b#0"] })
  })

  it("that runs: nothing", () => {
    expect(plan(podOf({}), [record("a")])).toEqual(quiet)
  })

  it("with init containers: one after the other, and then the rest", () => {
    const pod = podOf({ initContainers: [{ name: "x" }, { name: "y" }] })
    expect(plan(pod, [], { sandboxes: [] })).toEqual({ ...quiet, sandbox: 0, starts: ["x#0"] })
    expect(plan(pod, [record("x")])).toEqual(quiet)
    expect(plan(pod, [exited("x", 0)])).toEqual({ ...quiet, starts: ["y#0"] })
    expect(plan(pod, [exited("x", 0), exited("y", 0)])).toEqual({ ...quiet, starts: ["a#0"] })
  })

  it("with a sidecar: the next begins when it has started", () => {
    const pod = podOf({ initContainers: [{ name: "x", restartPolicy: "Always", startupProbe: {} }] })
    const running = record("x")
    expect(plan(pod, [running], { health: [["x-0", { started: false, ready: false }]] })).toEqual(quiet)
    const started = plan(pod, [running], { health: [["x-0", { started: true, ready: true }]] })
    expect(started).toEqual({ ...quiet, starts: ["a#0"] })
    expect(plan(pod, [exited("x", 1), record("a")])).toEqual({ ...quiet, starts: ["x#1"] })
  })

  it.each([
    ["Always", 0, ["a#1"], false],
    ["Always", 1, ["a#1"], false],
    ["OnFailure", 0, [], true],
    ["OnFailure", 1, ["a#1"], false],
    ["Never", 0, [], true],
    ["Never", 1, [], true],
  ])("whose container ended, %s and code %i: %j", (restartPolicy, code, starts, finished) => {
    expect(plan(podOf({ restartPolicy }), [exited("a", code)])).toEqual({ ...quiet, starts, finished })
  })

  it("that keeps crashing: wait for its back-off, then start it again", () => {
    const waiting = plan(podOf({}), [exited("a", 1)], { delayMs: 10_000 })
    expect(waiting).toEqual({ ...quiet, backingOff: ["a"], wakeAtMs: 11_000 })
    expect(plan(podOf({}), [exited("a", 1)], { delayMs: 10_000, nowMs: 11_000 }).starts).toEqual(["a#1"])
  })

  it("whose liveness probe gave up: end the container", () => {
    const failed = { probe: "liveness" as const, message: "no" }
    expect(
      plan(podOf({}), [record("a")], { health: [["a-0", { started: true, ready: false, failed }]] }).stops,
    ).toEqual(["a-0"])
  })

  it("that lost its sandbox: end what seems to run, and begin anew with the next attempt", () => {
    const lost = { ...sandbox, ready: false }
    expect(plan(podOf({}), [record("a")], { sandboxes: [lost] })).toMatchObject({
      sandbox: 1,
      starts: ["a#1"],
      stops: ["a-0"],
    })
  })

  it("whose init container failed for good: nothing more", () => {
    const pod = podOf({ restartPolicy: "Never", initContainers: [{ name: "x" }] })
    expect(plan(pod, [exited("x", 1)])).toEqual({ ...quiet, finished: true })
  })

  it("that has done its work: no new sandbox for the one that is gone", () => {
    expect(plan(podOf({ restartPolicy: "Never" }), [exited("a", 0)], { sandboxes: [] })).toEqual({
      ...quiet,
      finished: true,
    })
  })

  it("with a container that was created and never started: make it again", () => {
    expect(plan(podOf({ restartPolicy: "Never" }), [record("a", { state: "created" })]).starts).toEqual(["a#1"])
  })
})
