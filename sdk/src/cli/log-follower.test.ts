import { expect, it } from "vitest"
import type { Pod } from "../api/core/pod.ts"
import { LogFollower } from "./log-follower.ts"

function pod(name: string, state: object, containerID?: string, more: object = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, uid: name, namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { containers: [{ name: "main" }, { name: "side" }] },
    status: {
      containerStatuses: [
        { name: "side", state: { running: {} }, containerID: `${name}-side` },
        { name: "main", state, ...(containerID && { containerID }), ...more },
      ],
    },
  } as unknown as Pod
}

const running = { running: { startedAt: "2026-01-01T00:00:01Z" } }

it("names a run once, from when it has something to print", () => {
  const follower = new LogFollower()
  expect(follower.next(pod("a", { waiting: { reason: "ContainerCreating" } }))).toBeUndefined()
  expect(follower.next(pod("a", running, "1"))).toEqual({ pod: "a", container: "main", id: "1" })
  expect(follower.next(pod("a", running, "1"))).toBeUndefined()
})

it("names a run that was too short to be seen running", () => {
  const follower = new LogFollower()
  expect(follower.next(pod("a", { terminated: { exitCode: 1 } }, "1"))?.id).toBe("1")
  const waiting = { waiting: { reason: "CrashLoopBackOff" } }
  expect(follower.next(pod("a", waiting, "2", { lastState: { terminated: { exitCode: 1 } } }))?.id).toBe("2")
})

it("takes a restarted container and a replaced pod for new runs", () => {
  const follower = new LogFollower()
  const runs = [pod("a", running, "1"), pod("a", running, "2"), pod("b", running, "3")].map((it) => follower.next(it))
  expect(runs.map((run) => run?.id)).toEqual(["1", "2", "3"])
})

it("names a run again whose log could not be read yet", () => {
  const follower = new LogFollower("side")
  const run = follower.next(pod("a", running, "1"))
  if (run) follower.retry(run)
  expect(follower.next(pod("a", running, "1"))).toEqual({ pod: "a", container: "side", id: "a-side" })
})
