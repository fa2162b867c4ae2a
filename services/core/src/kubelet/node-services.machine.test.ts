import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { join } from "node:path"
import { Server, ServerCredentials } from "@grpc/grpc-js"
import type { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { forwardPort, run } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { criRuntime } from "./runtime/cri-runtime.ts"
import { nativeRuntime } from "./runtime/native/native-runtime.ts"
import { guardName, guardPassword } from "./testing/guarded-registry.ts"
import { cniBinDirs, maker, type NodeRig, startNodeRig } from "./testing/node-rig.ts"
import { openStream, sessionClient } from "./testing/stream.ts"
import { isReady, obedient, plainSandbox, statusOf } from "./testing/test-pod.ts"

/** Every image that nobody uses goes with the next pod. */
const imageLimits = { highWater: 0, lowWater: 0, pauseMs: 0 }
const logLimits = { bytesMax: 4_096, olderMax: 2, checkMs: 20 }
/** Of a line as it lies in a log, with its time. */
const lineBytes = 50
const logs = "/tmp/wick-kubelet-test/kubelet/logs"

let rig: NodeRig
beforeAll(async () => {
  rig = await startNodeRig({ imageLimits, logLimits })
})
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]()
})
afterEach(() => rig.removeAll())

describe("a gRPC probe", () => {
  it("asks the health service of the pod for the service that it names, and believes the answer", async () => {
    const asked: string[] = []
    let answer = 1
    const server = new Server()
    const check = {
      path: "/grpc.health.v1.Health/Check",
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    }
    server.addService(
      { check },
      {
        check: ({ request }: { request: Buffer }, reply: (error: null, bytes: Buffer) => void) => {
          asked.push(request.subarray(2).toString())
          reply(null, Buffer.from([0x08, answer]))
        },
      },
    )
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("0.0.0.0:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    )
    const readinessProbe = { grpc: { port, service: "wick.test" }, periodSeconds: 1, failureThreshold: 1 }
    await rig.create({ name: "healthy", hostNetwork: true, containers: [rig.shell(obedient, { readinessProbe })] })
    await rig.until("healthy", isReady)
    answer = 2
    await rig.until("healthy", (pod) => !isReady(pod))
    expect(new Set(asked)).toEqual(new Set(["wick.test"]))
    server.forceShutdown()
  })
})

describe("an ephemeral container", () => {
  it("is added to a running pod, sees the processes of its target, and ends without a restart of anything", async () => {
    await rig.create({ name: "subject", containers: [rig.shell(obedient)] })
    const before = await rig.until("subject", isReady)
    const debug = {
      name: "debugger",
      image: rig.image,
      command: ["sh", "-c", "cat /proc/1/cmdline; echo; exit 3"],
      targetContainerName: "main",
      imagePullPolicy: "IfNotPresent" as const,
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File" as const,
      resources: {},
    }
    await rig.rewrite("subject", (spec) => ({ ...spec, ephemeralContainers: [debug] }))
    const after = await rig.until(
      "subject",
      (pod) => pod?.status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined,
    )
    const [status] = after?.status?.ephemeralContainerStatuses ?? []
    expect(status).toMatchObject({ name: "debugger", restartCount: 0, state: { terminated: { exitCode: 3 } } })
    await expect.poll(() => rig.logs("subject", "debugger")).toContain(obedient)
    expect(isReady(after)).toBe(true)
    expect(after?.status?.phase).toBe("Running")
    expect(statusOf(after)?.containerID).toBe(statusOf(before)?.containerID)
  })
})

describe("a pod whose resources change while it runs", () => {
  const sized = (memory: string) => ({ limits: { memory, cpu: "500m" }, requests: { memory: "16Mi", cpu: "100m" } })
  const resize = (memory: string) =>
    rig.rewrite("sized", (spec) => ({
      ...spec,
      containers: spec.containers.map((container) => ({ ...container, resources: sized(memory) })),
    }))

  it("has the new limits without a restart, and its status says so", async () => {
    await rig.create({ name: "sized", containers: [rig.shell(obedient, { resources: sized("32Mi") })] })
    const before = await rig.until("sized", isReady)
    expect(statusOf(before)?.resources).toEqual(sized("32Mi"))
    await resize("64Mi")
    const after = await rig.until("sized", (pod) => statusOf(pod)?.resources?.limits?.memory === "64Mi")
    expect(memoryLimitOf(statusOf(after)?.containerID ?? "")).toBe(64 * 1024 * 1024)
    expect(statusOf(after)).toMatchObject({ restartCount: 0, allocatedResources: { memory: "16Mi", cpu: "100m" } })
    expect(statusOf(after)?.containerID).toBe(statusOf(before)?.containerID)
    await rig.until("sized", (pod) => !pod?.status?.conditions?.some(({ type }) => type.startsWith("PodResize")))
  })

  it("restarts a container whose policy asks for that, and no other", async () => {
    const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }]
    await rig.create({ name: "sized", containers: [rig.shell(obedient, { resources: sized("32Mi"), resizePolicy })] })
    await rig.until("sized", isReady)
    await resize("64Mi")
    const after = await rig.until("sized", (pod) => isReady(pod) && statusOf(pod)?.restartCount === 1)
    expect(memoryLimitOf(statusOf(after)?.containerID ?? "")).toBe(64 * 1024 * 1024)
    expect(statusOf(after)?.resources).toEqual(sized("64Mi"))
  })

  it("keeps what it has when the node can never give more, and says why", async () => {
    await rig.create({ name: "sized", containers: [rig.shell(obedient, { resources: sized("32Mi") })] })
    await rig.until("sized", isReady)
    await rig.rewrite("sized", (spec) => ({
      ...spec,
      containers: spec.containers.map((one) => ({ ...one, resources: { requests: { cpu: "5000" } } })),
    }))
    const pending = (pod: Pod | undefined) => pod?.status?.conditions?.find(({ type }) => type === "PodResizePending")
    const after = await rig.until("sized", (pod) => pending(pod) !== undefined)
    expect(pending(after)).toMatchObject({ status: "True", reason: "Infeasible" })
    expect(pending(after)?.message).toContain("Node didn't have enough capacity: cpu, requested: 5000000")
    expect(memoryLimitOf(statusOf(after)?.containerID ?? "")).toBe(32 * 1024 * 1024)
  })
})

function memoryLimitOf(containerId: string): number {
  const id = containerId.replace("containerd://", "")
  const files = [`memory/wick-kltest/${id}/memory.limit_in_bytes`, `wick-kltest/${id}/memory.max`]
  const file = files.map((name) => join("/sys/fs/cgroup", name)).find((path) => existsSync(path))
  return Number(readFileSync(file ?? "", "utf8"))
}

describe("streams", () => {
  /** Serves a page to who is in the pod, and is ready when it does. */
  const onLoopback = () => {
    const listening = { exec: { command: ["sh", "-c", "nc 127.0.0.1 8080 < /dev/null"] }, periodSeconds: 1 }
    const page = "echo forwarded > /tmp/index.html; httpd -f -p 127.0.0.1:8080 -h /tmp"
    return rig.shell(page, { readinessProbe: listening })
  }

  it("attach speaks with the container's own process", async () => {
    await rig.create({
      name: "listener",
      terminationGracePeriodSeconds: 1,
      containers: [rig.shell("read line; echo heard $line; exec sleep 1000", { stdin: true })],
    })
    await rig.until("listener", isReady)
    const stream = await openStream(rig.kubelet, "/attach/default/listener/main?input=1&output=1&error=1")
    stream.send(0, "hello\n")
    await expect.poll(() => stream.channels[1]).toBe("heard hello\n")
    stream.close()
    await stream.closed
  })

  it("port-forward leads to a port of the pod, even to one on its loopback", async () => {
    await rig.create({ name: "served", terminationGracePeriodSeconds: 0, containers: [onLoopback()] })
    await rig.until("served", isReady)
    const stream = await openStream(rig.kubelet, "/portForward/default/served?port=8080")
    stream.send(0, "GET / HTTP/1.0\r\n\r\n")
    await expect.poll(() => stream.channels[0]).toContain("forwarded\n")
    stream.close()
    await stream.closed
    const nobody = await openStream(rig.kubelet, "/portForward/default/served?port=9")
    await nobody.closed
    expect(nobody.channels[1]).toMatch(/refused/i)
  })

  it("the sdk's client runs commands, with their output and exit codes, and reaches ports", async () => {
    await rig.create({ name: "inside", terminationGracePeriodSeconds: 0, containers: [onLoopback()] })
    await rig.until("inside", isReady)
    await using sessions = await sessionClient(rig.kubelet)
    const reference = { name: "inside", namespace: "default" }
    const container = "main"
    const command = ["sh", "-c", "read line; echo heard $line; echo oh >&2; exit 3"]
    const ran = await run(sessions.client, reference, { container, command, input: "hello\n" })
    expect(ran).toEqual({ code: 3, stdout: "heard hello\n", stderr: "oh\n" })
    expect(await run(sessions.client, reference, { container, command: ["true"] })).toMatchObject({ code: 0 })
    const missing = run(sessions.client, reference, { container, command: ["/no/such/program"] })
    await expect(missing).rejects.toThrow(/no such file/i)
    const { readable, writable } = await forwardPort(sessions.client, reference, 8080)
    await writable.getWriter().write(Buffer.from("GET / HTTP/1.0\r\n\r\n"))
    let answer = ""
    for await (const chunk of readable) {
      answer += Buffer.from(chunk).toString("latin1")
      if (answer.includes("forwarded\n")) break
    }
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK/)
  })

  // Containerd's own server, of the version that Debian has, speaks no WebSocket that could tell it.
  it.runIf(maker === "containerd")("a command that reads to the end of its input finds it", async () => {
    await rig.create({ name: "reader", terminationGracePeriodSeconds: 0, containers: [rig.shell(obedient)] })
    await rig.until("reader", isReady)
    await using sessions = await sessionClient(rig.kubelet)
    const reference = { name: "reader", namespace: "default" }
    const whole = await run(sessions.client, reference, { container: "main", command: ["cat"], input: "to the end" })
    expect(whole).toMatchObject({ code: 0, stdout: "to the end" })
  })
})

describe("images", () => {
  it("of a registry that asks for a password are pulled with the pod's imagePullSecrets, and not without", async () => {
    const [server = ""] = rig.guardedImage.split("/")
    const auth = Buffer.from(`${guardName}:${guardPassword}`).toString("base64")
    const config = JSON.stringify({ auths: { [server]: { auth } } })
    await rig.client.create(Secret, {
      metadata: { name: "guard", namespace: "default" },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(config).toString("base64") },
    })
    const container = rig.shell(obedient, { image: rig.guardedImage, imagePullPolicy: "Always" })
    await rig.create({ name: "known", imagePullSecrets: [{ name: "guard" }], containers: [container] })
    await rig.until("known", isReady)
    await rig.create({ name: "stranger", containers: [container] })
    const refused = await rig.until("stranger", (pod) => statusOf(pod)?.state?.waiting?.reason === "ErrImagePull")
    expect(statusOf(refused)?.state?.waiting?.message).toMatch(/401|authorization/i)
  })

  it("that no pod uses go when the disk is nearly full; those in use, and our own, stay", async () => {
    const { runtime } = rig
    const unused = await rig.push("unused")
    const waiting = await rig.push("waiting")
    await rig.create({ name: "user", containers: [rig.shell(obedient)] })
    await rig.create({ name: "leaver", containers: [rig.shell(obedient, { image: unused })] })
    await rig.until("user", isReady)
    await rig.until("leaver", isReady)
    await runtime.pullImage(waiting, undefined)
    // Pulled for a container whose turn has not come yet.
    const first = { ...rig.shell("sleep 1000", { image: rig.image }), name: "first" }
    await rig.create({
      name: "starter",
      terminationGracePeriodSeconds: 0,
      initContainers: [first],
      containers: [rig.shell("", { image: waiting })],
    })
    await rig.until("starter", (pod) => pod?.status?.initContainerStatuses?.[0]?.state?.running !== undefined)
    await rig.remove("leaver")
    await expect.poll(() => runtime.image(unused)).toBeUndefined()
    const kept = await Promise.all([rig.image, waiting, "wick.internal/pause:1"].map((name) => runtime.image(name)))
    expect(kept).not.toContain(undefined)
  })
})

describe("the log of a container", () => {
  it("is put aside when it is large, and only so many old files are kept", async () => {
    // So slowly that a kubelet which looks a second too late finds no more than twice of what it wants.
    const script = "trap 'exit 0' TERM; i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"
    const pod = await rig.create({ name: "chatty", containers: [rig.shell(script)] })
    const directory = join(logs, `default_chatty_${pod.metadata.uid}`, "main")
    const files = () => (existsSync(directory) ? readdirSync(directory).sort() : [])
    const last = async () => Number(/\d+/.exec(await rig.logs("chatty", "main", "?tailLines=1"))?.[0])
    // More than would be in the three that are kept.
    await expect.poll(last).toBeGreaterThan((2 * logLimits.olderMax * logLimits.bytesMax) / lineBytes)
    await expect.poll(files).toEqual(["0.log", "0.log.1", "0.log.2"])
    const largest = () => Math.max(...["0.log.1", "0.log.2"].map((file) => statSync(join(directory, file)).size))
    // As much as is written between two looks comes on top.
    await expect.poll(largest).toBeLessThan(logLimits.bytesMax * 4)
  })
})

describe("a sandbox whose process dies", () => {
  // Without CRI there is one only where containers share their processes.
  const shareProcessNamespace = maker === "containerd"

  it("is made anew with its containers, and the pod goes on under another address", async () => {
    await rig.create({ name: "risen", shareProcessNamespace, containers: [rig.shell(obedient)] })
    const before = await rig.until("risen", isReady)
    const { sandboxes } = await rig.runtime.list()
    const { id = "" } = sandboxes.find(({ pod }) => pod.name === "risen") ?? {}
    process.kill(maker === "cri" ? processOf(id) : firstOf(processOf(containerIdOf(before))), "SIGKILL")
    const after = await rig.until("risen", (pod) => isReady(pod) && statusOf(pod)?.restartCount === 1)
    expect(statusOf(after)?.containerID).not.toBe(statusOf(before)?.containerID)
    expect(after?.metadata.uid).toBe(before?.metadata.uid)
    expect(after?.status?.podIP).not.toBe(before?.status?.podIP)
    await expect.poll(() => rig.leftovers()).toMatchObject({ links: 1, addresses: 1 })
  })
})

describe("containers that share their processes", () => {
  const shareProcessNamespace = true

  it("see and end each other's", async () => {
    const told = 'until grep -q "sleep 4321" /proc/[0-9]*/cmdline; do sleep 0.1; done; cat /proc/1/cmdline; echo'
    const containers = [
      rig.shell("exec sleep 4321"),
      { ...rig.shell(`${told}; kill -TERM $(pidof sleep); exec sleep 1000`), name: "other" },
    ]
    await rig.create({ name: "together", terminationGracePeriodSeconds: 0, shareProcessNamespace, containers })
    await rig.until("together", (pod) => (pod?.status?.containerStatuses?.[0]?.restartCount ?? 0) > 0)
    expect(await rig.logs("together", "other")).toMatch(/^\/pause/)
  })

  it("go on together when the kubelet comes back, and leave nothing with their pod", async () => {
    await rig.create({ name: "lasting", shareProcessNamespace, containers: [rig.shell(obedient)] })
    const before = await rig.until("lasting", isReady)
    await rig.restartKubelet()
    const { sandboxes, containers } = await rig.runtime.list()
    expect(sandboxes.map(({ ready }) => ready)).toEqual([true])
    expect(containers.map(({ id }) => id)).toEqual([containerIdOf(before)])
    await rig.remove("lasting")
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
    await expect.poll(() => rig.processes()).toBe(0)
  })
})

const containerIdOf = (pod: Pod | undefined): string => statusOf(pod)?.containerID?.replace("containerd://", "") ?? ""

/** The first of those whose processes a process sees. */
function firstOf(pid: number): number {
  const space = (of: string): string => readlinkSync(`/proc/${of}/ns/pid`)
  const isFirst = (other: string): boolean => {
    try {
      const inside = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${other}/status`, "utf8"))?.[1]
      return inside === "1" && space(other) === space(String(pid))
    } catch {
      return false
    }
  }
  return Number(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .find(isFirst),
  )
}

/** First process of a sandbox or a container, from its cgroup (version 1 or 2). */
function processOf(id: string): number {
  const paths = ["pids/", ""].map((hierarchy) => `/sys/fs/cgroup/${hierarchy}wick-kltest/${id}/cgroup.procs`)
  const path = paths.find((candidate) => existsSync(candidate))
  return Number(readFileSync(path ?? "", "utf8").split("\n")[0])
}

describe("a containerd that others use too", () => {
  it("shows everyone only what is his own", async () => {
    const [ours, theirs] = ["wick-ours", "wick-theirs"].map((owner) => criRuntime(rig.containerd, owner))
    if (!ours || !theirs) throw new Error("two owners")
    const config = plainSandbox("foreign", { logDirectory: join(logs, "foreign") })
    const { id } = await theirs.runSandbox(config, "")
    try {
      expect((await theirs.list()).sandboxes.map((sandbox) => sandbox.id)).toEqual([id])
      expect(await ours.list()).toEqual({ sandboxes: [], containers: [] })
    } finally {
      await theirs.stopSandbox(id)
      await theirs.removeSandbox(id)
    }
  })
})

describe("containers that are made without CRI", () => {
  const place = "/tmp/wick-kubelet-test"

  it("have an address that was kept ready, and give back what nobody has taken", async () => {
    const leases = join(place, "ipam", "wick-kltest")
    const taken = (): string[] => readdirSync(leases).filter((name) => name.startsWith("10."))
    await using pooled = await nativeRuntime({
      ...{ containerd: rig.containerd, owner: "wick-native", directory: join(place, "pooled"), poolSize: 1 },
      diskDirectory: join(place, "pooled-containers"),
      ...{ cniConfDir: join(place, "cni"), cniBinDirs, clock: systemClock, log: silentLog },
    })
    const made: string[] = []
    const wasReady = async (): Promise<boolean> => {
      const before = taken()
      const { id, ips } = await pooled.runSandbox(plainSandbox("foreign", { logDirectory: join(logs, "foreign") }), "")
      made.push(id)
      return before.includes(ips[0] ?? "")
    }
    expect(await wasReady()).toBe(false)
    // One is made once no pod has started for a quarter of a second.
    await expect.poll(wasReady, { interval: 1_000 }).toBe(true)
    for (const id of made) await pooled.removeSandbox(id)
    await pooled[Symbol.asyncDispose]()
    expect(taken()).toEqual([])
  })
})
