import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Event } from "@wick/sdk/api/core/event"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { RuntimeClass } from "@wick/sdk/api/node/runtime-class"
import { textEntry } from "@wick/sdk/oci"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runtimeContract } from "./runtime/runtime.contract.ts"
import type { Runtime } from "./runtime/runtime.ts"
import { containersDirectory, type NodeRig, nativeDirectory, startNodeRig } from "./testing/node-rig.ts"
import { obedient, statusOf } from "./testing/test-pod.ts"

describe.each(["containerd", "cri"] as const)("containers that %s makes", (madeBy) => {
  let rig: NodeRig
  beforeAll(async () => {
    rig = await startNodeRig({ madeBy })
  })
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]()
  })

  it("are pods of the kubelet, from the first to the last moment", async () => {
    const command = ["/bin/sh", "-c", "trap 'exit 0' TERM; echo here; while :; do sleep 0.1; done"]
    await rig.create({ name: "whole", containers: [{ name: "main", image: rig.image, command }] })
    const pod = await rig.until("whole", (now) => now?.status?.phase === "Running")
    expect(pod?.status?.podIP).toMatch(/^\d/)
    await expect.poll(() => rig.logs("whole", "main")).toBe("here\n")
    await rig.client.delete(Pod, { name: "whole", namespace: "default" })
    await rig.until("whole", (now) => now === undefined)
    await expect.poll(() => rig.runtime.list()).toEqual({ sandboxes: [], containers: [] })
  })

  it("say why they could not be started, by what they are and have ended with", async () => {
    const main = { name: "main", image: rig.image, command: ["/nothere"] }
    await rig.create({ name: "unstarted", restartPolicy: "Never", containers: [main] })
    const pod = await rig.until("unstarted", (now) => now?.status?.phase === "Failed")
    const { exitCode, reason, message } = statusOf(pod)?.state?.terminated ?? {}
    expect({ exitCode, reason }).toEqual({ exitCode: 128, reason: "StartError" })
    expect(message).toContain("/nothere")
    await rig.client.delete(Pod, { name: "unstarted", namespace: "default" })
    await rig.until("unstarted", (now) => now === undefined)
  })

  it("have a directory of their own where their image says VOLUME, which begins as the image has it", async () => {
    const files = ["data", "mounted"].map((name) => textEntry(`${name}/seed`, `of ${name}\n`))
    const image = await rig.pushWith("volumes", { files, volumes: ["/data/", "/empty", "/mounted"] })
    const script =
      "exec 2>&1; cat /data/seed; ls /mounted; echo a > /data/b; echo c > /empty/d; touch /e || echo read-only"
    const main = {
      ...{ name: "main", image, command: ["/bin/sh", "-c", script] },
      securityContext: { readOnlyRootFilesystem: true },
      volumeMounts: [{ name: "mounted", mountPath: "/mounted" }],
    }
    for (const name of ["first", "second"]) {
      const volumes = [{ name: "mounted", emptyDir: {} }]
      await rig.create({ name, restartPolicy: "Never", containers: [main], volumes })
      await rig.until(name, (pod) => pod?.status?.phase === "Succeeded")
      const told = "of data\ntouch: /e: Read-only file system\nread-only\n"
      await expect.poll(() => rig.logs(name, "main")).toBe(told)
      await rig.client.delete(Pod, { name, namespace: "default" })
      await rig.until(name, (now) => now === undefined)
    }
    await expect.poll(() => rig.runtime.list()).toEqual({ sandboxes: [], containers: [] })
    expect(await rig.runtime.imageViews?.list()).toEqual([])
  })

  it.runIf(madeBy === "containerd")("are started anew when a start of them was begun and not finished", async () => {
    const { own, snapshotter } = rig.containerd
    // An end of what never ran would be this pod's end.
    await rig.create({ name: "half", restartPolicy: "Never", containers: [rig.shell(obedient)] })
    const pod = await rig.until("half", (now) => now?.status?.phase === "Running")
    const containerId = statusOf(pod)?.containerID?.replace("containerd://", "") ?? ""
    await rig.restartKubelet(async () => {
      await own.call("tasks.Kill", { containerId, signal: 9 })
      await own.call("tasks.Wait", { containerId })
      await own.call("tasks.Delete", { containerId })
      const [stdout, stderr] = ["stdout", "stderr"].map((name) => join(containersDirectory, containerId, name))
      const streams = { ...(stdout && { stdout }), ...(stderr && { stderr }) }
      const { mounts = [] } = await own.call("snapshots.Mounts", { snapshotter, key: containerId })
      await own.call("tasks.Create", { containerId, rootfs: mounts, ...streams, terminal: false })
    })
    await rig.until("half", (now) => statusOf(now)?.restartCount === 1 && statusOf(now)?.state?.running !== undefined)
    await rig.remove("half")
  })

  it("are told as ended though nothing can be noted of them", async () => {
    const path = mkdtempSync(join(tmpdir(), "wick-unnoted-"))
    const command = ["/bin/sh", "-c", "until [ -e /host/go ]; do sleep 0.05; done; exit 3"]
    const main = { name: "main", image: rig.image, command, volumeMounts: [{ name: "host", mountPath: "/host" }] }
    await rig.create({
      name: "unnoted",
      restartPolicy: "Never",
      containers: [main],
      volumes: [{ name: "host", hostPath: { path } }],
    })
    const pod = await rig.until("unnoted", (now) => now?.status?.phase === "Running")
    const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace("containerd://", "") ?? ""
    rmSync(join(nativeDirectory, "containers", id), { recursive: true, force: true })
    writeFileSync(join(path, "go"), "")
    const ended = await rig.until("unnoted", (now) => now?.status?.phase === "Failed")
    expect(ended?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(3)
    rmSync(path, { recursive: true })
    await rig.remove("unnoted")
  })

  it("go on and end while nobody reads what they say, and all of it is in their log afterwards", async () => {
    const script = [
      "while [ ! -e /host/go ]; do sleep 0.1; done",
      // More than a pipe holds, on each stream.
      "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero bs=1024 count=16 2>/dev/null; echo end $i; done",
      "dd if=/dev/zero bs=1024 count=200 >&2 2>/dev/null; echo over; touch /host/over; exit 4",
    ]
    const command = ["/bin/sh", "-c", script.join("; ")]
    const path = mkdtempSync(join(tmpdir(), "wick-talker-"))
    const main = { name: "main", image: rig.image, command, volumeMounts: [{ name: "host", mountPath: "/host" }] }
    const volumes = [{ name: "host", hostPath: { path } }]
    await rig.create({ name: "talker", restartPolicy: "Never", containers: [main], volumes })
    await rig.until("talker", (pod) => pod?.status?.phase === "Running")
    const startedAtMs = async () => (await rig.runtime.list()).containers.map((each) => each.startedAtMs)
    const started = await startedAtMs()
    await rig.restartKubelet(async () => {
      writeFileSync(join(path, "go"), "")
      await expect.poll(() => existsSync(join(path, "over")), { timeout: 10_000 }).toBe(true)
    })
    rmSync(path, { recursive: true })
    const pod = await rig.until("talker", (now) => now?.status?.phase === "Failed")
    expect(pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(4)
    expect(started).toEqual([expect.any(Number)])
    expect(await startedAtMs()).toEqual(started)
    // As when another kubelet comes back later.
    await rig.restartKubelet()
    expect(await startedAtMs()).toEqual(started)
    const text = await rig.logs("talker", "main")
    expect(text.match(/end \d|over/g)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((at) => `end ${at}`).concat("over"))
    expect(text.match(/\0/g)).toHaveLength((8 * 16 + 200) * 1024)
    await rig.client.delete(Pod, { name: "talker", namespace: "default" })
    await rig.until("talker", (now) => now === undefined)
    await expect.poll(() => rig.runtime.list()).toEqual({ sandboxes: [], containers: [] })
  })

  it("are made by whom their RuntimeClass names, and wait for one whose handler the node has", async () => {
    const { client } = rig
    const names = rig.containerd.ociRuntimes.map(({ name }) => name)
    const { status } = await client.get(Node, { name: "rig" })
    expect(status?.runtimeHandlers?.map(({ name }) => name)).toEqual(["", ...names])
    const runs = async (runtimeClassName: string, ended: (pod: Pod | undefined) => boolean) => {
      const containers = [{ name: "main", image: rig.image, command: ["/bin/sh", "-c", "exec sleep 100"] }]
      await rig.create({ name: "classy", terminationGracePeriodSeconds: 0, runtimeClassName, containers })
      return rig.until("classy", ended)
    }
    const isRunning = (pod: Pod | undefined): boolean => pod?.status?.phase === "Running"
    const madeBy = (pod: Pod | undefined) => {
      const id = pod?.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:/, "") ?? ""
      return rig.containerd.ociRuntimes.filter(({ state }) => existsSync(join(state, "k8s.io", id.slice(2))))
    }
    const over = async () => {
      await client.delete(Pod, { name: "classy", namespace: "default" })
      await rig.until("classy", (now) => now === undefined)
      await client.delete(RuntimeClass, { name: "classy" })
    }
    for (const handler of names) {
      await client.create(RuntimeClass, { metadata: { name: "classy" }, handler })
      expect(madeBy(await runs("classy", isRunning)).map(({ name }) => name)).toEqual([handler])
      await over()
    }
    await client.create(RuntimeClass, { metadata: { name: "classy" }, handler: "none" })
    const refusals = async () => {
      const { items } = await client.list(Event, { namespace: "default" })
      return items.flatMap(({ reason, message }) => (reason === "FailedCreatePodSandBox" ? [message] : []))
    }
    const creating = (pod: Pod | undefined) =>
      pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === "ContainerCreating"
    await runs("classy", creating)
    const words = 'Failed to create pod sandbox: failed to get sandbox runtime: no runtime for "none" is configured'
    await expect.poll(refusals).toContain(words)
    await client.delete(RuntimeClass, { name: "classy" })
    await expect
      .poll(refusals)
      .toContainEqual(expect.stringMatching(/^Failed to create pod sandbox: .*"classy" not found$/))
    await client.create(RuntimeClass, { metadata: { name: "classy" }, handler: names[0] ?? "" })
    await rig.until("classy", isRunning)
    await over()
    await expect.poll(() => rig.runtime.list()).toEqual({ sandboxes: [], containers: [] })
  })

  // Otherwise nobody but the kubelet's own process keeps the list.
  it.runIf(madeBy === "cri")(
    "are told as ended when they were while the kubelet was away, though lists say otherwise for a moment",
    async () => {
      const command = ["/bin/sh", "-c", "while [ ! -e /end ]; do sleep 0.1; done; exit 5"]
      await rig.create({
        name: "late",
        restartPolicy: "Never",
        containers: [{ name: "main", image: rig.image, command }],
      })
      await rig.until("late", (pod) => pod?.status?.phase === "Running")
      const before = await rig.runtime.list()
      const ended = async () => (await rig.runtime.list()).containers.every(({ state }) => state === "exited")
      await rig.restartKubelet(
        async () => {
          await rig.runtime.execSync(before.containers[0]?.id ?? "", ["/bin/sh", "-c", "echo > /end"], 5_000)
          await expect.poll(ended).toBe(true)
        },
        (runtime) => listingFirst(runtime, [before, before]),
      )
      const pod = await rig.until("late", (now) => now?.status?.phase === "Failed")
      expect(pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(5)
      await rig.client.delete(Pod, { name: "late", namespace: "default" })
      await rig.until("late", (now) => now === undefined)
      await expect.poll(() => rig.runtime.list()).toEqual({ sandboxes: [], containers: [] })
    },
  )

  describe("without a kubelet, which ends what is no pod's", () => {
    beforeAll(() => rig.kubelet[Symbol.asyncDispose]())

    runtimeContract(() => ({
      runtime: rig.runtime,
      image: rig.image,
      directory: "/tmp/wick-kubelet-test/contract",
    }))
  })
})

/** A runtime whose first lists are these. */
function listingFirst(runtime: Runtime, lists: Awaited<ReturnType<Runtime["list"]>>[]): Runtime {
  const list: Runtime["list"] = async () => lists.shift() ?? runtime.list()
  return new Proxy(runtime, {
    get: (target, name: keyof Runtime) => {
      const value = name === "list" ? list : target[name]
      return typeof value === "function" ? (value as () => unknown).bind(target) : value
    },
  })
}
