import { describe, expect, it } from "vitest"
import { podTrouble } from "./pod-trouble.ts"
import { failureText, judgeHealth, type Patient, type RevisionHealth, suspicionMs, well } from "./revision-health.ts"

const waiting = (reason: string) => ({ name: "user-container", restartCount: 3, state: { waiting: { reason } } })
const crashed = { ...waiting("CrashLoopBackOff"), lastState: { terminated: { exitCode: 3 } } }
const again = { name: "user-container", restartCount: 3, state: {}, lastState: { terminated: { exitCode: 3 } } }

function pod(
  container: typeof crashed | typeof again | ReturnType<typeof waiting> | undefined,
  phase: Patient["phase"] = "starting",
): Patient {
  return { phase, trouble: podTrouble({ containerStatuses: container ? [container] : [] }), troubledMs: 0 }
}

describe("a pod's trouble", () => {
  it.each([
    { name: "a crash loop", status: { containerStatuses: [crashed] }, reason: "CrashLoopBackOff", patienceMs: 0 },
    {
      name: "an image that cannot be pulled, of a sidecar too",
      status: { containerStatuses: [{ name: "main", ready: true }, waiting("ImagePullBackOff")] },
      reason: "ImagePullBackOff",
      patienceMs: 0,
    },
    {
      name: "an init container that crashes",
      status: { initContainerStatuses: [crashed], containerStatuses: [waiting("PodInitializing")] },
      reason: "CrashLoopBackOff",
      patienceMs: 0,
    },
    {
      name: "a pod that no node takes, after ten seconds",
      status: { conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] },
      reason: "Unschedulable",
      patienceMs: 10_000,
    },
  ])("is seen in $name", ({ status, reason, patienceMs }) => {
    expect(podTrouble(status)).toMatchObject({ phase: "stuck", reason, patienceMs })
  })

  it.each([
    { name: "an image being pulled", status: { containerStatuses: [waiting("ContainerCreating")] } },
    { name: "a first start", status: { containerStatuses: [{ name: "c", restartCount: 0, state: {} }] } },
    { name: "a ready container that crashed long ago", status: { containerStatuses: [{ ...again, ready: true }] } },
    { name: "a pod nobody has said anything of", status: {} },
  ])("is not seen in $name", ({ status }) => expect(podTrouble(status)).toBeUndefined())
})

describe("a revision's health", () => {
  const failing: RevisionHealth = { state: "failing", trouble: { container: "c", reason: "R", exitCode: 1 } }

  it("fails when every pod is stuck, and not before", () => {
    expect(judgeHealth(well, [pod(crashed), pod(undefined)], undefined, 1)).toEqual(well)
    expect(judgeHealth(well, [pod(crashed), pod(crashed)], undefined, 1)).toMatchObject({
      state: "failing",
      trouble: { container: "user-container", reason: "CrashLoopBackOff", exitCode: 3 },
    })
  })

  it("is well while any pod is ready, whatever the others do and whatever was before", () => {
    for (const before of [well, failing]) {
      expect(judgeHealth(before, [pod(crashed), pod(undefined, "ready"), pod(crashed)], undefined, 1)).toBe(well)
    }
  })

  it("does not count pods that leave", () => {
    expect(judgeHealth(well, [pod(crashed), pod(undefined, "draining")], undefined, 1).state).toBe("failing")
  })

  it("looks again when the patience with a trouble that may pass has run out", () => {
    const patient = pod(waiting("ErrImagePull"))
    expect(judgeHealth(well, [patient], undefined, 10)).toEqual({ state: "well", recheckMs: 3000 })
    expect(judgeHealth(well, [patient], undefined, 3000).state).toBe("failing")
  })

  it("tries while a container that crashed runs again, and fails with its next crash", () => {
    const trying = judgeHealth(failing, [pod(again)], undefined, 5)
    expect(trying).toMatchObject({ state: "trying", trouble: { reason: "R" } })
    expect(judgeHealth(trying, [pod(crashed)], undefined, 6).state).toBe("failing")
    expect(judgeHealth(trying, [pod(again)], undefined, 1e6).state).toBe("trying")
  })

  it("forgets when nothing is stuck any more for a while", () => {
    const trying = judgeHealth(failing, [], undefined, 0)
    expect(trying.state).toBe("trying")
    expect(judgeHealth(trying, [pod(undefined)], undefined, suspicionMs - 1).state).toBe("trying")
    expect(judgeHealth(trying, [pod(undefined)], undefined, suspicionMs)).toBe(well)
  })

  it("fails without any pod only where none can be made", () => {
    const quota = { container: undefined, reason: "FailedCreate", exitCode: undefined }
    expect(judgeHealth(well, [], quota, 0)).toEqual({ state: "failing", trouble: quota })
    expect(judgeHealth(well, [pod(undefined)], quota, 0)).toEqual(well)
  })

  it("is told with container and reason, and nothing of the inside", () => {
    expect(failureText("n/r", { container: "c", reason: "CrashLoopBackOff", exitCode: 3 })).toBe(
      "revision n/r cannot serve: container c: CrashLoopBackOff (exit code 3)",
    )
    expect(failureText("n/r", { container: undefined, reason: "Unschedulable", exitCode: undefined })).toBe(
      "revision n/r cannot serve: its pods: Unschedulable",
    )
  })
})
