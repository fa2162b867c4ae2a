/** The OCI runtime specification 1.0, as far as it is written here. */
export interface OciSpec {
  readonly ociVersion: string
  readonly process: OciProcess
  readonly root: { readonly path: string; readonly readonly?: boolean }
  readonly hostname?: string
  readonly mounts: readonly OciMount[]
  readonly linux: {
    readonly sysctl?: Readonly<Record<string, string>>
    readonly resources: OciResources
    readonly cgroupsPath: string
    readonly namespaces: readonly OciNamespace[]
    readonly devices?: readonly OciDevice[]
    readonly seccomp?: object
    readonly rootfsPropagation?: string
    readonly maskedPaths?: readonly string[]
    readonly readonlyPaths?: readonly string[]
  }
}

export interface OciProcess {
  readonly terminal?: boolean
  readonly user: OciUser
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly capabilities: OciCapabilities
  readonly noNewPrivileges?: boolean
  readonly apparmorProfile?: string
  readonly oomScoreAdj: number
}

export interface OciUser {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
}

export interface OciCapabilities {
  readonly bounding: readonly string[]
  readonly effective: readonly string[]
  readonly permitted: readonly string[]
}

export interface OciMount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

export interface OciNamespace {
  readonly type: "pid" | "ipc" | "uts" | "mount" | "network" | "cgroup"
  readonly path?: string
}

export interface OciDevice {
  readonly path: string
  readonly type: "b" | "c"
  readonly major: number
  readonly minor: number
  readonly fileMode: number
  readonly uid: number
  readonly gid: number
}

export interface OciResources {
  readonly devices?: readonly object[]
  readonly memory?: { readonly limit: number; readonly swap?: number }
  readonly cpu: { readonly shares: number; readonly quota?: number; readonly period?: number }
}
