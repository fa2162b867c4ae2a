import type { ContainerConfig, MountConfig } from "../runtime.ts"
import type { OciMount } from "./oci.ts"

/** Files of the sandbox that its containers see, unless a volume lies in their place. */
export interface SandboxFiles {
  readonly hostname: string
  readonly hosts: string
  readonly resolvConf: string
  readonly sharedMemory: string
}

const propagations = { private: "rprivate", "host-to-container": "rslave", bidirectional: "rshared" } as const

/** Pure: first the kernel's file systems, then what is bound, the shallowest first, as one may lie in another. */
export function mountsOf(config: ContainerConfig, files: SandboxFiles): OciMount[] {
  const bound = [...config.mounts, ...sandboxMounts(config, files)]
  const taken = new Set(bound.map(({ containerPath }) => clean(containerPath)))
  const kernel = kernelMounts(config.security.privileged).filter(
    ({ destination }) => !taken.has(destination) && !(taken.has("/dev") && destination.startsWith("/dev/")),
  )
  return [...kernel, ...bound.toSorted((a, b) => depth(a.containerPath) - depth(b.containerPath)).map(bind)]
}

/** Pure: what is mounted later on the machine reaches a container only when its root lets it through. */
export function rootPropagation(mounts: readonly MountConfig[]): "rshared" | "rslave" | undefined {
  if (mounts.some(({ propagation }) => propagation === "bidirectional")) return "rshared"
  return mounts.some(({ propagation }) => propagation === "host-to-container") ? "rslave" : undefined
}

function kernelMounts(privileged: boolean): OciMount[] {
  const rights = privileged ? "rw" : "ro"
  const hidden = ["nosuid", "noexec", "nodev"]
  const mount = (destination: string, type: string, options: string[], source = type): OciMount => ({
    destination,
    type,
    source,
    options,
  })
  return [
    mount("/proc", "proc", hidden),
    mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    mount("/dev/mqueue", "mqueue", hidden),
    mount("/sys", "sysfs", [...hidden, rights]),
    mount("/sys/fs/cgroup", "cgroup", [...hidden, "relatime", rights]),
  ]
}

function sandboxMounts({ mounts, security }: ContainerConfig, files: SandboxFiles): MountConfig[] {
  const taken = new Set(mounts.map(({ containerPath }) => clean(containerPath)))
  const readOnly = security.readOnlyRootFilesystem
  const file = (containerPath: string, hostPath: string): MountConfig => ({
    ...{ containerPath, hostPath, readOnly, propagation: "private" },
  })
  const given = [
    file("/etc/hostname", files.hostname),
    file("/etc/hosts", files.hosts),
    file("/etc/resolv.conf", files.resolvConf),
    { ...file("/dev/shm", files.sharedMemory), readOnly: false },
  ]
  return given.filter(({ containerPath }) => !taken.has(containerPath))
}

function bind({ containerPath, hostPath, readOnly, propagation }: MountConfig): OciMount {
  return {
    destination: containerPath,
    type: "bind",
    source: hostPath,
    options: ["rbind", propagations[propagation], readOnly ? "ro" : "rw"],
  }
}

function clean(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path
}

function depth(path: string): number {
  return clean(path).split("/").length
}
