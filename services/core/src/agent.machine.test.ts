import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Network, startNetwork } from "#network"
import { type RunningNode, startNode } from "./agent.ts"
import { startTestApi, type TestApi } from "./testing.ts"

const instance = "a9e117"
const nodeName = "agent"
const secretsDirectory = `/run/wick-${instance}`
/** Written to no file on a disk, nor anything like it. */
const password = "correct-horse-battery"
const tmpfs = 0x01021994

let directory: string
let api: TestApi
let network: Network
let node: RunningNode

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "wick-agent-"))
  api = await startTestApi()
  for (const name of ["default", "kube-node-lease"]) {
    await api.client.create(Namespace, { metadata: { name } }).catch(() => {})
  }
  node = await start()
  const data = { password: Buffer.from(password).toString("base64") }
  await api.client.create(Secret, { metadata: { name: "vault", namespace: "default" }, data })
  await api.client.create(Pod, {
    metadata: { name: "keeper", namespace: "default" },
    spec: {
      nodeName,
      volumes: [{ name: "vault", secret: { secretName: "vault" } }],
      containers: [
        {
          name: "main",
          // What sandboxes are held open with: containerd has it from its start.
          image: "wick.internal/pause:1",
          imagePullPolicy: "Never",
          volumeMounts: [{ name: "vault", mountPath: "/vault" }],
        },
      ],
    },
  })
}, 60_000)
afterAll(async () => {
  await node?.stop().catch(() => {})
  await node?.[Symbol.asyncDispose]()
  await network?.[Symbol.asyncDispose]()
  await api?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const patience = { timeout: 60_000 }
const isReady = async () => isConditionTrue((await keeper()).status?.conditions, "Ready")
const keeper = () => api.client.get(Pod, { name: "keeper", namespace: "default" })
const containerOf = (pod: Pod) => pod.status?.containerStatuses?.[0]?.containerID

async function start(): Promise<RunningNode> {
  const given = { instance, directory: join(directory, "network"), podCidr: "10.239.78.0/24" }
  network = await startNetwork({ ...given, serviceCidr: "10.239.79.0/24", clock: systemClock, log: silentLog })
  return startNode({
    name: nodeName,
    instance,
    directory,
    controlPlane: {
      clientAs: ({ name }) => createClient({ fetch: api.server.fetchAs({ name, groups: ["system:masters"] }) }),
    },
    network,
    containers: process.env.WICK_TEST_RUNTIME === "cri" ? "cri" : "containerd",
    clusterDomain: "cluster.local",
    plainRegistries: [],
    containerRuntimeEndpoint: undefined,
    version: "v1.36.0",
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
}

function secretFile(pod: Pod): string {
  const volumes = join(secretsDirectory, "pods", pod.metadata.uid)
  const found = execFileSync("find", ["-L", volumes, "-name", "password", "-type", "f"], { encoding: "utf8" })
  return found.split("\n")[0] ?? ""
}

function cgroups(): string[] {
  return ["", ...readdirSync("/sys/fs/cgroup")]
    .map((hierarchy) => join("/sys/fs/cgroup", hierarchy, `wick-${instance}`))
    .filter((path) => existsSync(path))
}

/** Hosts' ends of links to pods of this node, whose names say their addresses. */
function links(): string[] {
  return readdirSync("/sys/class/net").filter((name) => name.startsWith("veth0aef4e"))
}

function linkOf({ status }: Pod): string {
  const numbers = status?.podIP?.split(".").map((number) => Number(number).toString(16).padStart(2, "0")) ?? []
  return `veth${numbers.join("")}`
}

/** Processes that hold a sandbox of this node, made or on its way. */
function shims(): number {
  const socket = join(directory, "containerd", "state", "containerd.sock")
  const ofThisNode = (pid: string): boolean => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8")
      return command.includes("containerd-shim") && command.includes(socket)
    } catch {
      return false
    }
  }
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && ofThisNode(entry)).length
}

describe("a node", () => {
  it("keeps secrets in memory, where only it can look", async () => {
    await expect.poll(isReady, patience).toBe(true)
    const file = secretFile(await keeper())
    expect(readFileSync(file, "utf8")).toBe(password)
    expect(statfsSync(file).type).toBe(tmpfs)
    expect(statSync(secretsDirectory).mode & 0o777).toBe(0o700)
    const search = () => execFileSync("grep", ["-rlaF", password, directory], { encoding: "utf8" })
    expect(search).toThrow(/status 1|Command failed/)
  })

  it("keeps in memory what containerd writes for each container that runs", async () => {
    const tasks = join("run", "io.containerd.runtime.v2.task", "k8s.io")
    const inMemory = join(secretsDirectory, "containerd")
    const id = containerOf(await keeper())?.replace("containerd://", "") ?? ""
    expect(readdirSync(join(inMemory, tasks))).toContain(id)
    const states = readdirSync(inMemory).filter((name) => name === "crun" || name === "runc")
    expect(states.flatMap((name) => readdirSync(join(inMemory, name, "k8s.io")))).toContain(id)
    expect(existsSync(join(directory, "containerd", "state", tasks))).toBe(false)
  })

  it("that comes back has its secrets and pods, and their links", async () => {
    const before = await keeper()
    const file = secretFile(before)
    // Beside it there may be some that are kept ready.
    expect(links()).toContain(linkOf(before))
    await node[Symbol.asyncDispose]()
    await network[Symbol.asyncDispose]()
    node = await start()
    expect(links()).toContain(linkOf(before))
    const after = await keeper()
    expect(after.status?.podIP).toBe(before.status?.podIP)
    expect(containerOf(after)).toBe(containerOf(before))
    expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0)
    expect(secretFile(after)).toBe(file)
  })

  it("that is stopped leaves neither secrets, cgroups, links nor a sandbox that was on its way", async () => {
    expect(cgroups()).not.toEqual([])
    await api.client.create(Pod, {
      metadata: { name: "late", namespace: "default" },
      spec: { nodeName, containers: [{ name: "main", image: "wick.internal/pause:1", imagePullPolicy: "Never" }] },
    })
    await expect.poll(shims, { interval: 2 }).toBe(2)
    await node.stop()
    expect(existsSync(secretsDirectory)).toBe(false)
    expect(cgroups()).toEqual([])
    expect(links()).toEqual([])
    expect(shims()).toBe(0)
  })
})
