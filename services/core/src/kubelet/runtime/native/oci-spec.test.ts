import { describe, expect, it } from "vitest"
import { plainSandbox } from "../../testing/test-pod.ts"
import type { ContainerConfig, ContainerSecurity, SandboxConfig } from "../runtime.ts"
import { type HostTraits, ociSpec, type SpecInput } from "./oci-spec.ts"
import criSpecs from "./testdata/cri-specs.json" with { type: "json" }

const pod = { uid: "u1", name: "p1", namespace: "default" }

const security: ContainerSecurity = {
  privileged: false,
  runAsUser: undefined,
  runAsGroup: undefined,
  supplementalGroups: [],
  readOnlyRootFilesystem: false,
  addCapabilities: [],
  dropCapabilities: [],
  noNewPrivileges: false,
  seccomp: { kind: "unconfined" },
  appArmor: undefined,
  maskedPaths: ["/proc/kcore"],
  readOnlyPaths: ["/proc/sys"],
}

const sandbox: SandboxConfig = { ...plainSandbox("hosty", { cgroupParent: "/wick-test" }), pod }

const config: ContainerConfig = {
  pod,
  name: "main",
  attempt: 0,
  imageId: "sha256:1",
  image: "busybox",
  command: ["/bin/sh", "-c", "sleep 100"],
  args: [],
  workingDirectory: "",
  env: [{ name: "A", value: "b" }],
  mounts: [
    { containerPath: "/vol/x", hostPath: "/tmp", readOnly: false, propagation: "private" },
    { containerPath: "/vol", hostPath: "/tmp", readOnly: true, propagation: "private" },
  ],
  devices: [],
  labels: {},
  annotations: {},
  logPath: "main.log",
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: { cpuShares: 2, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimit: 64 << 20, oomScoreAdjust: 1000 },
  ports: [],
  security,
}

const host: HostTraits = {
  hostname: "vm",
  unified: false,
  limitsSwap: true,
  oomScoreMin: 0,
  capabilities: criSpecs.privileged.process.capabilities.bounding,
  architecture: "x64",
  appArmor: false,
}

const onHost: Partial<SpecInput> = {
  sandbox: { ...sandbox, hostname: "", hostNetwork: true, hostPid: true, hostIpc: true },
  namespaces: { network: undefined, uts: undefined, ipc: undefined },
  pid: { kind: "host" },
}

function made(
  change: Partial<ContainerConfig>,
  rights: Partial<ContainerSecurity> = {},
  more: Partial<SpecInput> = {},
) {
  const shared = more.namespaces === undefined
  return ociSpec({
    id: "ID",
    config: { ...config, ...change, security: { ...security, ...rights } },
    sandbox,
    image: {
      ...{ reference: "busybox@sha256:1", chainId: "sha256:2", entrypoint: [], command: ["/bin/sh"] },
      ...{ workingDirectory: "", user: "", stopSignal: undefined, volumes: [], env: ["PATH=/bin", "IMAGE=x"] },
    },
    user: { uid: 0, gid: 0, additionalGids: [0] },
    namespaces: { network: "/sandbox/net", uts: "/sandbox/uts", ipc: "/sandbox/ipc" },
    pid: { kind: "own" },
    files: {
      ...{ hostname: "/sandbox/hostname", hosts: "/sandbox/hosts", resolvConf: "/sandbox/resolv.conf" },
      sharedMemory: shared ? "/sandbox/shm" : "/dev/shm",
    },
    devices: [],
    hostDevices: [],
    seccompFile: undefined,
    host,
    ...more,
  })
}

type CriSpec = keyof typeof criSpecs

interface Row {
  readonly name: CriSpec
  readonly of: string
  readonly spec: () => ReturnType<typeof made>
}

describe("what runc is told", () => {
  it.each<Row>([
    { name: "plain", of: "a container with volumes and limits", spec: () => made({}) },
    { name: "tty", of: "one with a terminal", spec: () => made({ tty: true, stdin: true }) },
    {
      name: "user",
      of: "one that is another user and may do little",
      spec: () =>
        made(
          {},
          {
            ...{ noNewPrivileges: true, readOnlyRootFilesystem: true },
            ...{ dropCapabilities: ["ALL"], addCapabilities: ["NET_BIND_SERVICE"] },
          },
          { user: { uid: 1000, gid: 2000, additionalGids: [5, 2000] } },
        ),
    },
    { name: "hosty", of: "one in the machine's namespaces", spec: () => made({}, {}, onHost) },
    {
      name: "privileged",
      of: "one that may do everything",
      spec: () => made({}, { privileged: true, maskedPaths: [], readOnlyPaths: [] }, onHost),
    },
    {
      name: "seccomp",
      of: "one with the runtime's profile of system calls",
      spec: () => made({}, { seccomp: { kind: "runtime-default" }, dropCapabilities: ["ALL"] }),
    },
  ])("of $of is what CRI tells of it", ({ name, spec }) => {
    const { hostname: _, ...own } = spec()
    const theirs = criSpecs[name]
    expect(comparable(own)).toEqual(comparable(theirs as never))
  })

  it("names the pod in its namespace, where it has one", () => {
    expect(made({}).hostname).toBe("hosty")
    expect(made({}, {}, onHost).hostname).toBeUndefined()
  })

  it("leaves out what the kernel would mount where a volume lies", () => {
    const shm = { containerPath: "/dev/shm/", hostPath: "/big", readOnly: false, propagation: "private" as const }
    const found = made({ mounts: [shm] }).mounts.filter(({ destination }) => destination.startsWith("/dev/shm"))
    expect(found.map(({ source }) => source)).toEqual(["/big"])
  })

  it("lets mounts of the machine in, and out, only as far as a volume wants it", () => {
    const mount = { containerPath: "/a", hostPath: "/a", readOnly: false }
    const root = (propagation: "private" | "host-to-container" | "bidirectional") =>
      made({ mounts: [{ ...mount, propagation }] }).linux.rootfsPropagation
    expect([root("private"), root("host-to-container"), root("bidirectional")]).toEqual([
      undefined,
      "rslave",
      "rshared",
    ])
  })

  it("runs the image's entrypoint with the container's arguments, or the image's when it has none", () => {
    const image = {
      ...{
        reference: "",
        chainId: "",
        env: [],
        workingDirectory: "/srv",
        user: "",
        stopSignal: undefined,
        volumes: [],
      },
      ...{ entrypoint: ["/entry"], command: ["usual"] },
    }
    const args = (change: Partial<ContainerConfig>) => made(change, {}, { image }).process.args
    expect(args({ command: [] })).toEqual(["/entry", "usual"])
    expect(args({ command: [], args: ["mine"] })).toEqual(["/entry", "mine"])
    expect(args({ command: ["/other"] })).toEqual(["/other"])
    expect(() => made({ command: [] }, {}, { image: { ...image, entrypoint: [], command: [] } })).toThrow(
      /no command specified/,
    )
    expect(made({}, {}, { image }).process.cwd).toBe("/srv")
  })

  it("gives cgroups of the second version a namespace, but not to who may do everything", () => {
    const types = (rights: Partial<ContainerSecurity>) =>
      made({}, rights, { host: { ...host, unified: true } }).linux.namespaces.map(({ type }) => type)
    expect(types({})).toContain("cgroup")
    expect(types({ privileged: true })).not.toContain("cgroup")
  })
})

/** Without the order of what has none: the calls of a profile, and mounts of one depth. */
function comparable(spec: ReturnType<typeof made>): object {
  const { seccomp, ...linux } = spec.linux
  const rules = (seccomp as { syscalls?: { names: string[] }[] } | undefined)?.syscalls ?? []
  const calls = rules.map((rule) => ({ ...rule, valueTwo: undefined, names: rule.names.toSorted() }))
  const merged = new Map<string, string[]>()
  for (const { names, ...rest } of calls) {
    const key = JSON.stringify(rest).replaceAll(',"valueTwo":0', "")
    merged.set(key, [...(merged.get(key) ?? []), ...names].toSorted())
  }
  const mounts = spec.mounts.toSorted((a, b) => a.destination.localeCompare(b.destination))
  return { ...spec, mounts, linux, seccomp: [...merged].toSorted() }
}
