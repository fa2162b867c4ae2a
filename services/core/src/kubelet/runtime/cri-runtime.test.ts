import { expect, it } from "vitest"
import { type Containerd, RuntimeCallError } from "#containerd"
import { criRuntime } from "./cri-runtime.ts"

const internal = 13
const unavailable = 14

/** A containerd with two sandboxes, which answers for the second one with an error. */
function containerdThatFails(code: number): Containerd {
  const metadata = { name: "fn", namespace: "default", uid: "1", attempt: 0 }
  const answers = {
    ListPodSandbox: () => ({ items: ["whole", "torn"].map((id) => ({ id, metadata, state: 0 })) }),
    ListContainers: () => ({ containers: [] }),
    PodSandboxStatus: ({ podSandboxId }: { podSandboxId: string }) => {
      if (podSandboxId === "torn") throw new RuntimeCallError("PodSandboxStatus", code, "failed to get sandbox ip")
      return { status: { id: podSandboxId, metadata, state: 0, network: { ip: "10.0.0.2" } } }
    },
  }
  const call = async (verb: keyof typeof answers, request: never) => answers[verb](request)
  return { cri: { call }, imageViews: {} } as unknown as Containerd
}

it("a sandbox into which containerd cannot look is listed as one that is not ready", async () => {
  const { sandboxes } = await criRuntime(containerdThatFails(internal)).list()
  expect(sandboxes.map(({ id, ready, ips }) => ({ id, ready, ips }))).toEqual([
    { id: "whole", ready: true, ips: ["10.0.0.2"] },
    { id: "torn", ready: false, ips: [] },
  ])
})

it("a containerd that does not answer lists nothing", async () => {
  await expect(criRuntime(containerdThatFails(unavailable)).list()).rejects.toThrow("failed to get sandbox ip")
})

it("the handlers of a containerd that is not ours are those that it tells of", async () => {
  const told = async () => ({ runtimeHandlers: [{ name: "runc" }, {}] })
  const theirs = { cri: { call: told }, imageViews: {}, ociRuntimes: [] } as unknown as Containerd
  expect(await criRuntime(theirs).handlers()).toEqual(["runc", ""])
})
