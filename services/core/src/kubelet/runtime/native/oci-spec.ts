import type { ContainerConfig, ContainerResources, SandboxConfig } from "../runtime.ts"
import { appArmorOf } from "./app-armor.ts"
import { capabilities } from "./capabilities.ts"
import type { ImageConfig } from "./image-config.ts"
import type { OciDevice, OciNamespace, OciResources, OciSpec, OciUser } from "./oci.ts"
import { mountsOf, rootPropagation, type SandboxFiles } from "./oci-mounts.ts"
import { seccompOf } from "./seccomp.ts"

/** What a container's pod shares; a path is a namespace's file, none means the machine's own. */
export interface SharedNamespaces {
  readonly network: string | undefined
  readonly uts: string | undefined
  readonly ipc: string | undefined
}

/** Whose processes a container sees. */
export type PidNamespace =
  | { readonly kind: "own" }
  | { readonly kind: "host" }
  | { readonly kind: "joined"; readonly path: string }

export interface SpecInput {
  readonly id: string
  readonly config: ContainerConfig
  readonly sandbox: SandboxConfig
  readonly image: ImageConfig
  readonly user: OciUser
  readonly namespaces: SharedNamespaces
  readonly pid: PidNamespace
  readonly files: SandboxFiles
  /** Devices that the container names, with what it may do to them. */
  readonly devices: readonly { readonly node: OciDevice; readonly access: string }[]
  /** All of the machine's, for a privileged container. */
  readonly hostDevices: readonly OciDevice[]
  /** The file that a localhost profile is. */
  readonly seccompFile: object | undefined
  readonly host: HostTraits
}

/** What of the machine a specification depends on. */
export interface HostTraits {
  readonly hostname: string
  /** One hierarchy of cgroups for all controllers. */
  readonly unified: boolean
  readonly limitsSwap: boolean
  /** Nothing can be made less likely to be killed than this. */
  readonly oomScoreMin: number
  /** Capabilities that the machine has to give. */
  readonly capabilities: readonly string[]
  readonly architecture: string
  /** Whether AppArmor holds programs back here. */
  readonly appArmor: boolean
}

const pathDefault = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Pure: what runc is told of a container, as CRI would tell it: with the same config it makes the same file. */
export function ociSpec(input: SpecInput): OciSpec {
  const { config, sandbox, host } = input
  const { security } = config
  const granted = capabilities(security, host.capabilities)
  const seccomp = seccompOf(input, granted)
  const appArmor = appArmorOf(security, host.appArmor)
  const { masked, readOnly } = { masked: security.maskedPaths, readOnly: security.readOnlyPaths }
  const propagation = rootPropagation(config.mounts)
  const devices = security.privileged ? input.hostDevices : input.devices.map(({ node }) => node)
  return {
    ociVersion: "1.0.2-dev",
    process: {
      ...(config.tty && { terminal: true }),
      user: input.user,
      args: argumentsOf(config, input.image),
      env: environmentOf(input),
      cwd: config.workingDirectory || input.image.workingDirectory || "/",
      capabilities: { bounding: granted, effective: granted, permitted: granted },
      ...(security.noNewPrivileges && { noNewPrivileges: true }),
      ...(appArmor !== undefined && { apparmorProfile: appArmor }),
      oomScoreAdj: Math.max(host.oomScoreMin, config.resources.oomScoreAdjust),
    },
    root: { path: "rootfs", ...(security.readOnlyRootFilesystem && { readonly: true }) },
    // runc names the namespace whenever a container starts in it: no process of ours has to enter it.
    ...(input.namespaces.uts !== undefined && { hostname: sandbox.hostname }),
    mounts: mountsOf(config, input.files),
    linux: {
      ...(Object.keys(sandbox.sysctls).length > 0 && { sysctl: sandbox.sysctls }),
      resources: { devices: deviceRules(input), ...ociResources(config.resources, host) },
      cgroupsPath: `${sandbox.cgroupParent}/${input.id}`,
      namespaces: namespacesOf(input),
      ...(devices.length > 0 && { devices }),
      ...(seccomp && { seccomp }),
      ...(propagation && { rootfsPropagation: propagation }),
      ...(masked.length > 0 && { maskedPaths: masked }),
      ...(readOnly.length > 0 && { readonlyPaths: readOnly }),
    },
  }
}

export function ociResources(resources: ContainerResources, host: Pick<HostTraits, "limitsSwap">): OciResources {
  const { memoryLimit, cpuShares, cpuQuota, cpuPeriod } = resources
  return {
    ...(memoryLimit > 0 && { memory: { limit: memoryLimit, ...(host.limitsSwap && { swap: memoryLimit }) } }),
    cpu: { shares: cpuShares, ...(cpuQuota > 0 && { quota: cpuQuota, period: cpuPeriod }) },
  }
}

/** A container's own command takes the place of the image's entrypoint, and then the image's arguments are not its. */
function argumentsOf({ command, args, name }: ContainerConfig, image: ImageConfig): readonly string[] {
  const own = command.length > 0
  const all = own ? [...command, ...args] : [...image.entrypoint, ...(args.length > 0 ? args : image.command)]
  if (all.length === 0) throw new Error(`no command specified: neither container ${name} nor its image has one`)
  return all
}

function environmentOf({ config, image, sandbox, namespaces, host }: SpecInput): string[] {
  const hostname = namespaces.uts === undefined ? host.hostname : sandbox.hostname
  const given = [
    pathDefault,
    ...(config.tty ? ["TERM=xterm"] : []),
    `HOSTNAME=${hostname}`,
    ...image.env,
    ...config.env.map(({ name, value }) => `${name}=${value}`),
  ]
  // A name that is given again keeps its place.
  const byName = new Map<string, string>()
  for (const entry of given) byName.set(entry.split("=", 1)[0] ?? "", entry)
  return [...byName.values()]
}

function namespacesOf({ namespaces, pid, host, config }: SpecInput): OciNamespace[] {
  const { network, uts, ipc } = namespaces
  return [
    ...(pid.kind === "own" ? [{ type: "pid" as const }] : []),
    ...(pid.kind === "joined" ? [{ type: "pid" as const, path: pid.path }] : []),
    ...(ipc === undefined ? [] : [{ type: "ipc" as const, path: ipc }]),
    ...(uts === undefined ? [] : [{ type: "uts" as const, path: uts }]),
    { type: "mount" },
    ...(network === undefined ? [] : [{ type: "network" as const, path: network }]),
    ...(host.unified && !config.security.privileged ? [{ type: "cgroup" as const }] : []),
  ]
}

function deviceRules({ config, devices }: SpecInput): object[] {
  if (config.security.privileged) return [{ allow: true, access: "rwm" }]
  const allowed = devices.map(({ node: { type, major, minor }, access }) => ({
    ...{ allow: true, type, major, minor, access },
  }))
  return [{ allow: false, access: "rwm" }, ...allowed]
}
