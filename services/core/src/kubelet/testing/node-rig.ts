import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import type { NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { type Client, createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformer, createInformers } from "@wick/sdk/controller"
import { createLog, silentLog } from "@wick/sdk/log"
import { binaryImage, fileEntry, parseImageReference, pushImage, type TarEntry } from "@wick/sdk/oci"
import { type Containerd, startContainerd } from "#containerd"
import { PluginDirectory } from "#network"
import { type Registry, startRegistry } from "#registry"
import { startTestApi, type TestApi } from "../../testing.ts"
import { type Kubelet, type KubeletOptions, startKubelet } from "../kubelet.ts"
import { removeCgroup } from "../node/cgroup.ts"
import { criRuntime } from "../runtime/cri-runtime.ts"
import { nativeRuntime } from "../runtime/native/native-runtime.ts"
import type { Runtime } from "../runtime/runtime.ts"
import { startGuard } from "./guarded-registry.ts"

/**
 * A node for tests on a real machine: the API server on a store in memory, containerd with a bridge of its own, a
 * registry that holds `busybox`, and the kubelet, which can be stopped and started again as after a crash.
 */
export interface NodeRig extends AsyncDisposable {
  readonly client: Client
  readonly containerd: Containerd
  readonly runtime: Runtime
  readonly kubelet: Kubelet
  readonly image: string
  /** The same image in a registry that asks for `guardName` and `guardPassword`. */
  readonly guardedImage: string
  /** Pushes another image of busybox, which differs by its environment, and by programs more. Returns its name. */
  push(name: string, ...programs: string[]): Promise<string>
  /** And one with these files and VOLUMEs. */
  pushWith(name: string, parts: ImageParts): Promise<string>
  /** Ends the kubelet as a crash would, and starts another; `meanwhile` is done while there is none. */
  /** The new one sees the runtime as `seen` shows it. */
  restartKubelet(meanwhile?: () => Promise<void>, seen?: (runtime: Runtime) => Runtime): Promise<void>
  create(pod: PodDraft): Promise<Pod>
  /** A container that is to run a script of the shell. */
  shell(script: string, more?: Partial<ContainerDraft>): ContainerDraft
  /** Deletes a pod, if it is there, and waits until nothing is left of it in the API. */
  remove(name: string): Promise<void>
  removeAll(): Promise<void>
  /** Changes a pod's spec in the store itself, as subresources of the API do: without the rules of an update. */
  rewrite(name: string, change: (spec: Pod["spec"]) => Pod["spec"]): Promise<void>
  /** Resolves with the pod as soon as it is so; fails after a while with the pod as it is. */
  until(name: string, is: (pod: Pod | undefined) => boolean, withinMs?: number): Promise<Pod | undefined>
  logs(name: string, container: string, query?: string): Promise<string>
  /** How many processes containers of this rig have, that of a sandbox left out. */
  processes(): number
  /** What there is on the machine of this rig's pods: to be compared before and after. */
  leftovers(): Promise<Leftovers>
}

export interface Leftovers {
  readonly sandboxes: number
  readonly containers: number
  readonly shims: number
  readonly mounts: number
  /** Links of pods on the bridge. */
  readonly links: number
  readonly cgroups: number
  readonly directories: number
  readonly addresses: number
}

export type PodDraft = { name: string; annotations?: Record<string, string>; labels?: Record<string, string> } & Omit<
  NewOf<typeof Pod>["spec"],
  "nodeName"
>

export type ContainerDraft = PodDraft["containers"][number]

const nodeName = "rig"
const bridge = "wick-kltest0"
const cgroup = "wick-kltest"
const subnet = "10.239.77.0/24"
const home = "/tmp/wick-kubelet-test"
/** What is noted of containers that containerd makes. */
export const nativeDirectory = join(home, "native")
/** What containerd makes containers by, which is there as long as it is. */
const ownProgram = join(home, "containerd", "state", "programs")
/** What they have said. */
export const containersDirectory = join(home, "containers")
const turn = `${home}.pid`
const turnPollMs = 100
const plugins = join(home, "bin")
/** As a node has them: programs of ours, and what this machine has. */
export const cniBinDirs = [plugins, "/usr/lib/cni"]
const waitMsMax = 60_000
/** A shell that is told to end before it has come to its trap does not hear it, and is ended only when this is over. */
const graceSeconds = 3
const busybox = "/bin/busybox"
/** `WICK_TEST_RUNTIME=cri` runs the same tests on containers that CRI makes. */
export const maker = process.env.WICK_TEST_RUNTIME === "cri" ? "cri" : "containerd"

export interface RigOptions extends Pick<KubeletOptions, "logLimits" | "imageLimits"> {
  /** What makes containers, unless it is the one that all tests run on. */
  readonly madeBy?: typeof maker
}

export async function startNodeRig({ madeBy = maker, ...limits }: RigOptions = {}): Promise<NodeRig> {
  await takeTurn()
  await removeLeftovers()
  const log = process.env.WICK_TEST_LOG
    ? createLog({ level: "debug", format: "text", now: systemClock.now, write: (line) => process.stderr.write(line) })
    : silentLog
  const cniConfDir = writeNetwork()
  await PluginDirectory.make(plugins, ["/usr/lib/cni"])
  const api = await startTestApi()
  const registry = await startRegistry({
    directory: join(home, "registry"),
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    log,
  })
  const host = registry.address.replace(/^https?:\/\//, "")
  const guard = await startGuard(host)
  const image = await pushBusybox(host, "busybox")
  const containerd = await startContainerd({
    directory: join(home, "containerd"),
    cniConfDir,
    cniBinDirs,
    plainRegistries: [host, guard.host],
    clock: systemClock,
    log,
  })
  await prepareApi(api)
  let runtime = await openRuntime(madeBy, containerd, cniConfDir)
  const start = (): Promise<Kubelet> =>
    startKubelet({
      nodeName,
      client: createClient({
        fetch: api.server.fetchAs({ name: `system:node:${nodeName}`, groups: ["system:masters"] }),
      }),
      attachClient: api.client,
      informers: createInformers(api.client, systemClock, log),
      runtime,
      clusterDns: { servers: ["10.96.0.10"], domain: "cluster.local" },
      directory: join(home, "kubelet"),
      cgroupParent: `/${cgroup}`,
      version: "v1.36.0",
      clock: systemClock,
      log,
      ...limits,
    })
  // CRI's is containerd's connection, which stays.
  const letGo = async (): Promise<void> => {
    if (madeBy !== "cri") await runtime[Symbol.asyncDispose]()
  }
  let kubelet = await start()
  return makeRig(
    api,
    containerd,
    { registry, host, guard, image },
    {
      now: () => kubelet,
      runtime: () => runtime,
      letGo,
      restart: async (meanwhile, seen = (runtime) => runtime) => {
        await kubelet[Symbol.asyncDispose]()
        await letGo()
        await meanwhile?.()
        runtime = seen(await openRuntime(madeBy, containerd, cniConfDir))
        kubelet = await start()
      },
    },
  )
}

/** Nothing is kept ready, as a test counts what is there. */
async function openRuntime(madeBy: typeof maker, containerd: Containerd, cniConfDir: string): Promise<Runtime> {
  if (madeBy === "cri") return criRuntime(containerd)
  const place = {
    cniConfDir,
    cniBinDirs,
    directory: nativeDirectory,
    diskDirectory: containersDirectory,
    poolSize: 0,
  }
  return nativeRuntime({ containerd, ...place, clock: systemClock, log: silentLog })
}

function makeRig(
  api: TestApi,
  containerd: Containerd,
  images: {
    readonly registry: Registry
    readonly host: string
    readonly guard: { readonly host: string } & AsyncDisposable
    readonly image: string
  },
  kubelet: { now(): Kubelet; runtime(): Runtime; letGo(): Promise<void>; restart: NodeRig["restartKubelet"] },
): NodeRig {
  const { client } = api
  const { registry, host, guard, image } = images
  const remove = async (name: string): Promise<void> => {
    await client.delete(Pod, { name, namespace: "default" }).catch(() => {})
    await waitFor(client, name, (pod) => pod === undefined, waitMsMax)
  }
  return {
    client,
    containerd,
    image,
    get runtime() {
      return kubelet.runtime()
    },
    guardedImage: image.replace(host, guard.host),
    push: (name, ...programs) => pushBusybox(host, name, { programs }),
    pushWith: (name, parts) => pushBusybox(host, name, parts),
    get kubelet() {
      return kubelet.now()
    },
    restartKubelet: kubelet.restart,
    create: ({ name, annotations, labels, ...spec }) =>
      client.create(Pod, {
        metadata: { name, namespace: "default", ...(annotations && { annotations }), ...(labels && { labels }) },
        spec: { terminationGracePeriodSeconds: graceSeconds, ...spec, nodeName },
      }),
    rewrite: async (name, change) => {
      const key = `/registry/core/pods/default/${name}`
      const [found] = (await api.storage.range({ key })).kvs
      if (!found) throw new Error(`the store has no ${key}`)
      const pod = JSON.parse(Buffer.from(found.value).toString()) as Pod
      const value = Buffer.from(JSON.stringify({ ...pod, spec: change(pod.spec) }))
      await api.storage.txn({ compare: [], success: [{ kind: "put", key, value, lease: 0 }], failure: [] })
    },
    shell: (script, more = {}) => ({ name: "main", image, command: ["sh", "-c", script], ...more }),
    remove,
    removeAll: async () => {
      const { items } = await client.list(Pod, { namespace: "default" })
      await Promise.all(items.map(({ metadata }) => remove(metadata.name)))
    },
    until: (name, is, withinMs = waitMsMax) => waitFor(client, name, is, withinMs),
    logs: async (name, container, query = "") => {
      const url = `http://node/containerLogs/default/${name}/${container}${query}`
      return (await kubelet.now().fetch(new Request(url))).text()
    },
    processes: () =>
      cgroupsOf()
        .flatMap(pidsIn)
        .filter((pid) => !isPause(pid)).length,
    leftovers: () => countLeftovers(kubelet.runtime()),
    [Symbol.asyncDispose]: async () => {
      await kubelet.now()[Symbol.asyncDispose]()
      await removeSandboxes(kubelet.runtime())
      await kubelet.letGo()
      await containerd.stop()
      await guard[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
      await api[Symbol.asyncDispose]()
      await removeLeftovers()
      rmSync(turn, { force: true })
    },
  }
}

async function prepareApi(api: TestApi): Promise<void> {
  for (const name of ["default", "kube-node-lease"]) {
    await api.client.create(Namespace, { metadata: { name } }).catch((error) => {
      if (!isStatus(error, "AlreadyExists")) throw error
    })
  }
}

async function waitFor(
  client: Client,
  name: string,
  is: (pod: Pod | undefined) => boolean,
  withinMs: number,
): Promise<Pod | undefined> {
  const selection = { namespace: "default", fieldSelector: `metadata.name=${name}` }
  await using informer = createInformer(client, Pod, selection, systemClock, silentLog)
  await informer.synced
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(), withinMs)
  try {
    return await new Promise<Pod | undefined>((resolve, reject) => {
      const look = (): void => {
        const pod = informer.get(name, "default")
        if (is(pod)) resolve(pod)
      }
      informer.onChange(look)
      look()
      giveUp.signal.addEventListener("abort", () => {
        const pod = informer.get(name, "default")
        reject(new Error(`pod ${name} is not as expected after ${withinMs} ms: ${JSON.stringify(pod?.status ?? null)}`))
      })
    })
  } finally {
    clearTimeout(timer)
  }
}

function writeNetwork(): string {
  const directory = join(home, "cni")
  mkdirSync(directory, { recursive: true })
  const ipam = {
    type: "host-local",
    dataDir: join(home, "ipam"),
    ranges: [[{ subnet }]],
    routes: [{ dst: "0.0.0.0/0" }],
  }
  const plugin = { type: "bridge", bridge, isGateway: true, ipMasq: false, ipam }
  const network = { cniVersion: "0.4.0", name: "wick-kltest", plugins: [plugin] }
  writeFileSync(join(directory, "10-test.conflist"), JSON.stringify(network))
  return directory
}

interface ImageParts {
  readonly programs?: readonly string[]
  readonly files?: readonly TarEntry[]
  readonly volumes?: readonly string[]
}

async function pushBusybox(
  host: string,
  name: string,
  { programs = [], files = [], volumes = [] }: ImageParts = {},
): Promise<string> {
  const applets = [
    "sh",
    "sleep",
    "cat",
    "echo",
    "httpd",
    "true",
    "false",
    "ls",
    "id",
    "env",
    "nc",
    "touch",
    "dd",
    "tail",
    "grep",
    "pidof",
    "kill",
    ...programs,
  ]
  const links = applets.flatMap((applet) => fileEntry(busybox, `bin/${applet}`, 0o755))
  const env = { PATH: "/bin", IMAGE: name }
  const image = binaryImage([...links, ...files], { env, volumes, entrypoint: [], cmd: ["/bin/sh"] })
  const reference = parseImageReference(name, host)
  if (!reference) throw new Error(`no image can be named in ${host}`)
  const { digest } = await pushImage(image, reference)
  return `${host}/${name}@${digest}`
}

async function countLeftovers(runtime: Runtime): Promise<Leftovers> {
  const { sandboxes, containers } = await runtime.list()
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(home) && !line.includes(ownProgram))
  return {
    sandboxes: sandboxes.length,
    containers: containers.length,
    shims: ours(processes(), "containerd-shim").length,
    mounts: mounts.length,
    links: entries(`/sys/class/net/${bridge}/brif`),
    cgroups: cgroupsOf().length,
    directories: entries(join(home, "kubelet", "pods")) + entries(join(home, "kubelet", "logs")),
    addresses: entriesMatching(join(home, "ipam", "wick-kltest"), /^10\./),
  }
}

function entries(directory: string): number {
  return existsSync(directory) ? readdirSync(directory).length : 0
}

function entriesMatching(directory: string, pattern: RegExp): number {
  return existsSync(directory) ? readdirSync(directory).filter((name) => pattern.test(name)).length : 0
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended by itself.
  }
}

function pidsIn(directory: string): number[] {
  return readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number)
}

function isPause(pid: number): boolean {
  return processes().some((each) => each.pid === pid && each.command.startsWith("/pause"))
}

/** Directories of what runs in this rig's cgroup, in each hierarchy. */
function cgroupsOf(): string[] {
  const root = "/sys/fs/cgroup"
  const controllers = existsSync(join(root, "memory")) ? ["memory", "cpu", "pids"] : [""]
  return controllers.flatMap((controller) => {
    const directory = join(root, controller, cgroup)
    if (!existsSync(directory)) return []
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(directory, entry.name)] : [],
    )
  })
}

interface RunningProcess {
  readonly pid: number
  readonly command: string
}

function processes(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")
        return [{ pid: Number(name), command }]
      } catch {
        return []
      }
    })
}

function ours(list: readonly RunningProcess[], program: string): RunningProcess[] {
  return list.filter(({ command }) => command.includes(program) && command.includes(home))
}

async function removeSandboxes(runtime: Runtime): Promise<void> {
  const { sandboxes } = await runtime.list()
  for (const { id } of sandboxes) {
    await runtime.stopSandbox(id)
    // What the kubelet had begun to remove containerd removes by itself.
    await runtime.removeSandbox(id).catch((error: Error) => {
      if (!/already in removing state/.test(error.message)) throw error
    })
  }
}

/** There is one rig on a machine at a time: another run of the tests waits until this one's process has ended. */
async function takeTurn(): Promise<void> {
  for (;;) {
    const holder = existsSync(turn) ? Number(readFileSync(turn, "utf8")) : 0
    if (holder === process.pid || (holder !== 0 && !existsSync(`/proc/${holder}`))) rmSync(turn, { force: true })
    try {
      return writeFileSync(turn, String(process.pid), { flag: "wx" })
    } catch {
      await systemClock.sleep(turnPollMs)
    }
  }
}

/** What an earlier run that was killed has left: processes by their path, mounts, the bridge, the cgroup, files. */
async function removeLeftovers(): Promise<void> {
  for (const { pid } of [...ours(processes(), "containerd --config"), ...ours(processes(), "containerd-shim")]) {
    kill(pid)
  }
  // Containers outlive a shim that is killed.
  for (const directory of cgroupsOf()) for (const pid of pidsIn(directory)) kill(pid)
  await removeCgroup(`/${cgroup}`, systemClock)
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[4] ?? [])
  for (const point of points.filter((path) => path.startsWith(`${home}/`)).reverse()) {
    execFileSync("umount", ["-l", point], { stdio: "ignore" })
  }
  rmSync(home, { recursive: true, force: true })
  if (existsSync(`/sys/class/net/${bridge}`)) execFileSync("ip", ["link", "delete", bridge])
}
