import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Event } from "@wick/sdk/api/core/event"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { systemClock } from "@wick/sdk/clock"
import { createInformer } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type ContainerDraft, type NodeRig, type PodDraft, startNodeRig } from "./testing/node-rig.ts"
import { openStream } from "./testing/stream.ts"
import { isReady, obedient, statusOf } from "./testing/test-pod.ts"

let rig: NodeRig
beforeAll(async () => {
  rig = await startNodeRig()
})
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]()
})
afterEach(() => rig.removeAll())

const shell = (name: string, script: string, more: Partial<ContainerDraft> = {}) => rig.shell(script, { name, ...more })

/** A directory of this host in a pod: what it waits for there is the test's to tell, however long either takes. */
const shared = "/tmp/wick-kubelet-test/shared"
const volumes: NonNullable<PodDraft["volumes"]> = [
  { name: "shared", hostPath: { path: shared, type: "DirectoryOrCreate" } },
]
const volumeMounts = [{ name: "shared", mountPath: "/shared" }]
const awaited = (word: string): string => `until [ -e /shared/${word} ]; do sleep 0.05; done`

function tell(word: string): void {
  mkdirSync(shared, { recursive: true })
  writeFileSync(join(shared, word), "")
}

describe("a pod", () => {
  it("tells what its container has left as its last word, whoever that runs as", async () => {
    const nobody = { securityContext: { runAsUser: 65_532 } }
    const containers = [shell("main", "echo farewell > /dev/termination-log; exit 3", nobody)]
    await rig.create({ name: "word", restartPolicy: "Never", containers })
    const pod = await rig.until("word", (now) => now?.status?.phase === "Failed")
    expect(statusOf(pod)?.state?.terminated?.message).toBe("farewell\n")
  })

  it("runs, tells its address before its container runs, writes a log and goes without a trace", async () => {
    const seen: string[] = []
    const watching = rig.until("hello", (pod) => {
      seen.push(`${pod?.status?.podIP ? "address" : "no address"}, ${pod?.status?.phase ?? "new"}`)
      return isReady(pod)
    })
    await rig.create({ name: "hello", containers: [shell("main", `echo hello; ${obedient}`)] })
    const pod = await watching
    expect(pod?.status?.podIP).toMatch(/^10\.239\.77\./)
    expect(seen.indexOf("address, Pending")).toBeLessThan(seen.indexOf("address, Running"))
    expect(seen).toContain("address, Pending")
    expect(statusOf(pod)?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/)
    // It runs as soon as it has a process, which says something a moment later.
    await expect.poll(() => rig.logs("hello", "main")).toBe("hello\n")
    await rig.remove("hello")
    const nothing = { sandboxes: 0, containers: 0, mounts: 0, links: 0, cgroups: 0, directories: 0, addresses: 0 }
    expect(await rig.leftovers()).toEqual({ ...nothing, shims: 0 })
  })

  it("runs its init containers first, each to its end, and sidecars beside the others", async () => {
    const shared = { volumeMounts: [{ name: "work", mountPath: "/work" }] }
    await rig.create({
      name: "inits",
      volumes: [{ name: "work", emptyDir: {} }],
      initContainers: [
        shell("first", "echo 1 >> /work/order", shared),
        { ...shell("side", `echo side >> /work/order; ${obedient}`, shared), restartPolicy: "Always" },
        shell("second", "sleep 0.1; echo 2 >> /work/order", shared),
      ],
      containers: [shell("main", `cat /work/order; ${obedient}`, shared)],
    })
    const pod = await rig.until("inits", isReady)
    expect(pod?.status?.initContainerStatuses?.map(({ state }) => Object.keys(state ?? {})[0])).toEqual([
      "terminated",
      "running",
      "terminated",
    ])
    await expect.poll(() => rig.logs("inits", "main")).toBe("1\nside\n2\n")
  })

  it("succeeds when all ends well, fails when not, and keeps its logs", async () => {
    await rig.create({ name: "well", restartPolicy: "Never", containers: [shell("main", "echo done")] })
    await rig.create({
      name: "ill",
      restartPolicy: "Never",
      containers: [shell("main", "echo reason > /dev/termination-log; exit 7")],
    })
    const well = await rig.until("well", (pod) => pod?.status?.phase === "Succeeded")
    const ill = await rig.until("ill", (pod) => pod?.status?.phase === "Failed")
    expect(statusOf(well)?.state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" })
    expect(statusOf(ill)?.state?.terminated).toMatchObject({ exitCode: 7, reason: "Error", message: "reason\n" })
    await expect.poll(() => rig.logs("well", "main")).toBe("done\n")
  })

  it("that crashes is restarted at once, then left alone for a while, and says so", async () => {
    await rig.create({
      name: "crash",
      containers: [shell("main", "echo attempt; exit 3", { terminationMessagePolicy: "FallbackToLogsOnError" })],
    })
    const pod = await rig.until("crash", (now) => statusOf(now)?.state?.waiting?.reason === "CrashLoopBackOff")
    const status = statusOf(pod)
    expect(status?.restartCount).toBe(1)
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: "Error", message: "attempt" })
    expect(status?.state?.waiting?.message).toBe(
      `back-off 10s restarting failed container=main pod=crash_default(${pod?.metadata.uid})`,
    )
    await expect.poll(() => rig.logs("crash", "main", "?previous=true")).toBe("attempt\n")
  })

  it("with an image that is nowhere says which and why", async () => {
    const image = `${rig.image.split("@")[0]}:none`
    await rig.create({ name: "nowhere", containers: [{ name: "main", image }] })
    const pod = await rig.until("nowhere", (now) => statusOf(now)?.state?.waiting?.reason === "ErrImagePull")
    expect(statusOf(pod)?.state?.waiting?.message).toContain(image)
  })

  it("that uses more memory than it may is killed, and the reason is told", async () => {
    await rig.create({
      name: "greedy",
      restartPolicy: "Never",
      containers: [shell("main", "tail /dev/zero", { resources: { limits: { memory: "16Mi" } } })],
    })
    const pod = await rig.until("greedy", (now) => statusOf(now)?.state?.terminated !== undefined)
    expect(statusOf(pod)?.state?.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" })
  })

  it("that is deleted while it starts leaves nothing", async () => {
    const names = ["quick-0", "quick-1", "quick-2", "quick-3"]
    const short = { terminationGracePeriodSeconds: 1, containers: [shell("main", obedient)] }
    await Promise.all(names.map((name) => rig.create({ name, ...short })))
    await rig.until("quick-0", (pod) => pod?.status?.podIP !== undefined)
    await Promise.all(names.map(rig.remove))
    const nothing = { sandboxes: 0, containers: 0, shims: 0, links: 0, cgroups: 0, addresses: 0 }
    await expect.poll(() => rig.leftovers()).toMatchObject(nothing)
  })

  it("that is deleted before its program can hear of it ends as soon as it can", async () => {
    const main = shell("main", `${awaited("loaded")}; ${obedient}`, { volumeMounts })
    await rig.create({ name: "deaf", terminationGracePeriodSeconds: 300, volumes, containers: [main] })
    await rig.until("deaf", (pod) => statusOf(pod)?.state?.running !== undefined)
    await rig.client.delete(Pod, { name: "deaf", namespace: "default" })
    const about = { namespace: "default", fieldSelector: "involvedObject.name=deaf,reason=Killing" }
    await expect.poll(async () => (await rig.client.list(Event, about)).items).toHaveLength(1)
    tell("loaded")
    await rig.until("deaf", (pod) => pod === undefined)
  })

  it("whose loader has swallowed the word of its end is told again, and ends as soon as it can", async () => {
    // As Node does: its start catches the signal, and hands it on to the kernel, which drops it for a first process.
    const loader = `trap 'trap - TERM; echo > /shared/swallowed' TERM; ${awaited("reloaded")}`
    const main = shell("main", `${loader}; ${obedient}`, { volumeMounts })
    await rig.create({ name: "loaded", terminationGracePeriodSeconds: 300, volumes, containers: [main] })
    await rig.until("loaded", (pod) => statusOf(pod)?.state?.running !== undefined)
    await rig.client.delete(Pod, { name: "loaded", namespace: "default" })
    await expect.poll(() => existsSync(join(shared, "swallowed"))).toBe(true)
    tell("reloaded")
    await rig.until("loaded", (pod) => pod === undefined)
  })

  it("starts as soon as the ConfigMap that it waits for is there", async () => {
    await rig.create({
      name: "patient",
      volumes: [{ name: "config", configMap: { name: "late" } }],
      containers: [shell("main", obedient, { volumeMounts: [{ name: "config", mountPath: "/config" }] })],
    })
    await rig.until("patient", (pod) => pod?.status?.podIP !== undefined)
    await rig.client.create(ConfigMap, { metadata: { name: "late", namespace: "default" }, data: { a: "b" } })
    await rig.until("patient", isReady, 1_500)
  })

  it("must not run as root when it says so", async () => {
    const securityContext = { runAsNonRoot: true }
    await rig.create({ name: "root", securityContext, containers: [shell("main", obedient)] })
    const pod = await rig.until("root", (now) => statusOf(now)?.state?.waiting?.reason === "CreateContainerConfigError")
    expect(statusOf(pod)?.state?.waiting?.message).toContain("container has runAsNonRoot and image will run as root")
  })
})

describe("a container", () => {
  it("gets its environment from everywhere", async () => {
    await rig.client.create(ConfigMap, { metadata: { name: "env", namespace: "default" }, data: { A: "a", B: "b" } })
    const data = { password: Buffer.from("secret!").toString("base64") }
    await rig.client.create(Secret, { metadata: { name: "env", namespace: "default" }, data })
    await rig.create({
      name: "env",
      restartPolicy: "Never",
      containers: [
        shell("main", "echo $A-$PREFIXED_B-$PASSWORD-$NAME-$IP-$CPU-$BOTH", {
          envFrom: [{ configMapRef: { name: "env" } }, { prefix: "PREFIXED_", configMapRef: { name: "env" } }],
          env: [
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "env", key: "password" } } },
            { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
            { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
            { name: "BOTH", value: "$(NAME)+$$(A)" },
          ],
          resources: { limits: { cpu: "250m" } },
        }),
      ],
    })
    const pod = await rig.until("env", (now) => now?.status?.phase === "Succeeded")
    const told = `a-b-secret!-env-${pod?.status?.podIP}-250-env+$(A)\n`
    await expect.poll(() => rig.logs("env", "main")).toBe(told)
  })

  it("is ready when its probe says so, and not when it stops saying so", async () => {
    const readinessProbe = { exec: { command: ["cat", "/shared/ready"] }, periodSeconds: 1, failureThreshold: 1 }
    await rig.create({
      name: "probed",
      volumes,
      containers: [shell("main", obedient, { readinessProbe, volumeMounts })],
    })
    const running = await rig.until("probed", (pod) => statusOf(pod)?.state?.running !== undefined)
    expect(isReady(running)).toBe(false)
    tell("ready")
    await rig.until("probed", isReady)
    rmSync(join(shared, "ready"))
    await rig.until("probed", (pod) => !isReady(pod))
  })

  it("that fails its liveness probe is ended and started again", async () => {
    const livenessProbe = { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 }
    await rig.create({
      name: "lifeless",
      terminationGracePeriodSeconds: 1,
      containers: [shell("main", obedient, { livenessProbe })],
    })
    const pod = await rig.until("lifeless", (now) => (statusOf(now)?.restartCount ?? 0) > 0)
    expect(statusOf(pod)?.lastState?.terminated?.exitCode).toBe(0)
  })

  it("serves HTTP and TCP probes at the pod's own address", async () => {
    const port = 8080
    await rig.create({
      name: "web",
      terminationGracePeriodSeconds: 1,
      containers: [
        shell("main", `echo ok > /w/index.html; httpd -f -p ${port} -h /w`, {
          ports: [{ name: "http", containerPort: port }],
          startupProbe: { tcpSocket: { port }, periodSeconds: 1 },
          readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
          volumeMounts: [{ name: "w", mountPath: "/w" }],
        }),
      ],
      volumes: [{ name: "w", emptyDir: { medium: "Memory" } }],
    })
    const pod = await rig.until("web", isReady)
    const answer = await fetch(`http://${pod?.status?.podIP}:${port}/`)
    expect(await answer.text()).toBe("ok\n")
  })

  it("sees new values of its ConfigMap, all at once, without a restart", async () => {
    const metadata = { name: "live", namespace: "default" }
    await rig.client.create(ConfigMap, { metadata, data: { greeting: "old", other: "1" } })
    await rig.create({
      name: "live",
      volumes: [{ name: "config", configMap: { name: "live" } }],
      containers: [
        shell(
          "main",
          `cat /config/greeting; echo; until [ "$(cat /config/greeting)" = new ]; do sleep 0.05; done; cat /config/other; echo; ${obedient}`,
          {
            volumeMounts: [{ name: "config", mountPath: "/config" }],
          },
        ),
      ],
    })
    await rig.until("live", isReady)
    await expect.poll(() => rig.logs("live", "main")).toBe("old\n")
    await rig.client.update(ConfigMap, { metadata, data: { greeting: "new", other: "2" } })
    await expect.poll(() => rig.logs("live", "main")).toBe("old\n2\n")
  })

  it("hears of its end: hook, signal, and only then SIGKILL", async () => {
    await rig.create({
      name: "polite",
      terminationGracePeriodSeconds: 60,
      volumes: [{ name: "out", hostPath: { path: "/tmp/wick-kubelet-test/out", type: "DirectoryOrCreate" } }],
      containers: [
        shell("main", "trap 'echo term >> /out/order; exit 0' TERM; sleep 1000 & wait", {
          lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 0.2; echo hook >> /out/order"] } } },
          volumeMounts: [{ name: "out", mountPath: "/out" }],
        }),
      ],
    })
    await rig.until("polite", isReady)
    await rig.remove("polite")
    expect(readFileSync(join("/tmp/wick-kubelet-test/out", "order"), "utf8")).toBe("hook\nterm\n")
  })
})

describe("a kubelet that comes back", () => {
  it("finds its containers, leaves them running, and ends those whose pods are gone", async () => {
    await rig.create({ name: "kept", containers: [shell("main", `echo once; ${obedient}`)] })
    await rig.create({ name: "orphan", containers: [shell("main", obedient)] })
    const before = await rig.until("kept", isReady)
    await rig.until("orphan", isReady)
    await rig.restartKubelet(async () => {
      await rig.client.delete(Pod, { name: "orphan", namespace: "default" }, { gracePeriodSeconds: 0 })
    })
    const after = await rig.until("kept", isReady)
    expect(statusOf(after)?.containerID).toBe(statusOf(before)?.containerID)
    expect(statusOf(after)?.restartCount).toBe(0)
    await expect.poll(() => rig.logs("kept", "main")).toBe("once\n")
    expect(await rig.leftovers()).toMatchObject({ sandboxes: 1, containers: 1 })
    await rig.remove("kept")
    await expect.poll(() => rig.leftovers()).toMatchObject({ sandboxes: 0, containers: 0, directories: 0, cgroups: 0 })
  })

  it("learns of what ended while it was away", async () => {
    const main = shell("main", `${awaited("away")}; exit 4`, { volumeMounts })
    await rig.create({ name: "away", restartPolicy: "Never", volumes, containers: [main] })
    await rig.until("away", (pod) => pod?.status?.phase === "Running")
    await rig.restartKubelet(async () => {
      tell("away")
      await expect.poll(() => rig.processes()).toBe(0)
    })
    const pod = await rig.until("away", (now) => now?.status?.phase === "Failed")
    expect(statusOf(pod)?.state?.terminated?.exitCode).toBe(4)
  })
})

describe("logs", () => {
  it("are followed to the container's end, and cut as asked", async () => {
    const oops = `${awaited("badly")}; echo oops >&2`
    await rig.create({
      name: "talker",
      restartPolicy: "Never",
      volumes,
      containers: [
        shell("main", `${awaited("talk")}; echo line 1; echo line 2; ${awaited("on")}; echo line 3; ${oops}`, {
          volumeMounts,
        }),
      ],
    })
    await rig.until("talker", (pod) => statusOf(pod)?.state?.running !== undefined)
    const followed = rig.logs("talker", "main", "?follow=true")
    // What is said later bears a later time, and what is said on two outputs is in the order of its reading.
    tell("talk")
    await expect.poll(() => rig.logs("talker", "main")).toBe("line 1\nline 2\n")
    tell("on")
    await expect.poll(() => rig.logs("talker", "main")).toBe("line 1\nline 2\nline 3\n")
    tell("badly")
    expect(await followed).toBe("line 1\nline 2\nline 3\noops\n")
    expect(await rig.logs("talker", "main", "?tailLines=2")).toBe("line 3\noops\n")
    expect(await rig.logs("talker", "main", "?limitBytes=4")).toBe("line")
    expect(await rig.logs("talker", "main", "?tailLines=1&timestamps=true")).toMatch(/^\d{4}-\d\d-\d\dT.*Z oops\n$/)
    const stamped = (await rig.logs("talker", "main", "?timestamps=true")).split("\n")
    const [third = ""] = stamped.find((line) => line.endsWith("line 3"))?.split(" ") ?? []
    const since = new Date(Date.parse(third)).toISOString()
    expect(await rig.logs("talker", "main", `?sinceTime=${since}`)).toBe("line 3\noops\n")
    expect(await rig.logs("talker", "main", "?sinceSeconds=3600")).toBe("line 1\nline 2\nline 3\noops\n")
    expect(await rig.logs("talker", "main", "?sinceTime=yesterday")).toContain("sinceTime")
    expect(await rig.logs("talker", "nobody")).toContain("container nobody is not valid for pod talker")
  })
})

describe("exec", () => {
  it("joins a client's connection with a command in the container", async () => {
    await rig.create({ name: "inside", containers: [shell("main", obedient)] })
    await rig.until("inside", isReady)
    const command = ["sh", "-c", "cat; echo gone >&2; exit 3"].map((word) => `command=${encodeURIComponent(word)}`)
    const query = [...command, "input=1", "output=1", "error=1"].join("&")
    const stream = await openStream(rig.kubelet, `/exec/default/inside/main?${query}`)
    stream.send(0, "hello")
    await expect.poll(() => stream.channels[1]).toBe("hello")
    await rig.client.delete(Pod, { name: "inside", namespace: "default" })
    await stream.closed
  })
})

describe("a containerd that dies", () => {
  it("makes the node not ready, with a reason, until it answers again", async () => {
    const told: string[] = []
    await using nodes = createInformer(rig.client, Node, {}, systemClock, silentLog)
    nodes.onChange(({ after }) => {
      const ready = after?.status?.conditions?.find(({ type }) => type === "Ready")
      const now = `${ready?.status} ${ready?.reason}: ${ready?.message}`
      if (ready && told.at(-1) !== now) told.push(now)
    })
    await nodes.synced
    process.kill(rig.containerd.pid() ?? 0, "SIGKILL")
    const ready = "True KubeletReady: kubelet is posting ready status"
    await expect.poll(() => told).toEqual([ready, "False KubeletNotReady: container runtime is down", ready])
  })

  it("is started again, and pods neither notice nor wait for long", async () => {
    await rig.create({ name: "steady", containers: [shell("main", `echo once; ${obedient}`)] })
    const before = await rig.until("steady", isReady)
    const pid = rig.containerd.pid()
    process.kill(pid ?? 0, "SIGKILL")
    await expect.poll(() => rig.containerd.pid()).not.toBe(pid)
    await rig.create({ name: "later", containers: [shell("main", obedient)] })
    await rig.until("later", isReady)
    const after = await rig.until("steady", isReady)
    expect(statusOf(after)?.containerID).toBe(statusOf(before)?.containerID)
    expect(statusOf(after)?.restartCount).toBe(0)
  })
})

describe("twenty pods at once", () => {
  it("all run, and all go", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `crowd-${index}`)
    await Promise.all(names.map((name) => rig.create({ name, containers: [shell("main", obedient)] })))
    await Promise.all(names.map((name) => rig.until(name, isReady)))
    await Promise.all(names.map(rig.remove))
    await expect.poll(() => rig.leftovers()).toMatchObject({ sandboxes: 0, shims: 0, addresses: 0 })
  })
})
