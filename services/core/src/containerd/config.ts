/** Pure: containerd's configuration file for the versions that there are. */
export interface ContainerdSettings {
  /** Images and snapshots: survives a reboot. */
  readonly root: string
  /** Running containers. */
  readonly state: string
  /** The first is who makes containers, the others those of an earlier start. */
  readonly runtimes: readonly [OciRuntime, ...OciRuntime[]]
  readonly socket: string
  readonly cniConfDir: string
  readonly cniBinDirs: readonly string[]
  /** Holds `<registry>/hosts.toml`. */
  readonly registryDir: string
  readonly sandboxImage: string
  /** "overlayfs", or "native" where the kernel's overlay cannot be used. */
  readonly snapshotter: string
  /** Whether plugins of CNI are looked for in several directories (containerd 2.1) or one. */
  readonly version: ContainerdVersion
}

/** A program that makes containers as the OCI specifies them: it runs for some milliseconds, several times a container. */
export interface OciRuntime {
  readonly name: string
  readonly binary: string
  /** The containers that it has made. */
  readonly state: string
}

export interface ContainerdVersion {
  readonly major: number
  readonly minor: number
}

/** `containerd github.com/containerd/containerd 1.6.20~ds1 …` */
export function parseVersion(output: string): ContainerdVersion | undefined {
  const match = /\bv?(\d+)\.(\d+)\.\d+/.exec(output)
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined
}

/** What we do not use, and would cost memory, time at start, or wake-ups. Unknown names are ignored by containerd. */
const disabledPlugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.restart",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.nri.v1.nri",
]

/** How often containerd measures disk use of snapshots, for which nobody asks. */
const statsSeconds = 3_600
const downloadsMax = 3

export function containerdConfig(settings: ContainerdSettings): string {
  return settings.version.major >= 2 ? configVersion3(settings) : configVersion2(settings)
}

function head(settings: ContainerdSettings, version: number): string {
  return `version = ${version}
root = ${text(settings.root)}
state = ${text(settings.state)}
oom_score = 0
disabled_plugins = ${list(disabledPlugins)}

[grpc]
  address = ${text(settings.socket)}
[ttrpc]
  address = ${text(`${settings.socket}.ttrpc`)}
[debug]
  level = "warn"
`
}

/** containerd 1.6 and 1.7. */
function configVersion2(settings: ContainerdSettings): string {
  const cri = `plugins."io.containerd.grpc.v1.cri"`
  return `${head(settings, 2)}
[${cri}]
  sandbox_image = ${text(settings.sandboxImage)}
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  stats_collect_period = ${statsSeconds}
  max_concurrent_downloads = ${downloadsMax}
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
[${cri}.cni]
  bin_dir = ${text(settings.cniBinDirs[0] ?? "/opt/cni/bin")}
  conf_dir = ${text(settings.cniConfDir)}
  max_conf_num = 1
[${cri}.containerd]
  snapshotter = ${text(settings.snapshotter)}
  default_runtime_name = ${text(settings.runtimes[0].name)}
${settings.runtimes.map((runtime) => runtimeTable(`${cri}.containerd`, runtime)).join("")}[${cri}.registry]
  config_path = ${text(settings.registryDir)}
`
}

/** containerd 2.x, where CRI is two plugins. */
function configVersion3(settings: ContainerdSettings): string {
  const runtime = `plugins."io.containerd.cri.v1.runtime"`
  const images = `plugins."io.containerd.cri.v1.images"`
  const bins =
    settings.version.minor >= 1
      ? `bin_dirs = ${list(settings.cniBinDirs)}`
      : `bin_dir = ${text(settings.cniBinDirs[0] ?? "/opt/cni/bin")}`
  return `${head(settings, 3)}
[${runtime}]
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
[${runtime}.cni]
  ${bins}
  conf_dir = ${text(settings.cniConfDir)}
  max_conf_num = 1
  use_internal_loopback = true
[${runtime}.containerd]
  default_runtime_name = ${text(settings.runtimes[0].name)}
${settings.runtimes.map((each) => runtimeTable(`${runtime}.containerd`, each)).join("")}[${images}]
  snapshotter = ${text(settings.snapshotter)}
  stats_collect_period = ${statsSeconds}
  max_concurrent_downloads = ${downloadsMax}
[${images}.pinned_images]
  sandbox = ${text(settings.sandboxImage)}
[${images}.registry]
  config_path = ${text(settings.registryDir)}
[plugins."io.containerd.grpc.v1.cri"]
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
`
}

function runtimeTable(table: string, { name, binary, state }: OciRuntime): string {
  return `[${table}.runtimes.${name}]
  runtime_type = "io.containerd.runc.v2"
[${table}.runtimes.${name}.options]
  SystemdCgroup = false
  BinaryName = ${text(binary)}
  Root = ${text(state)}
`
}

/** `hosts.toml` of a registry that is spoken to in plain HTTP. */
export function plainRegistry(host: string): string {
  const url = text(`http://${host}`)
  return `server = ${url}\n[host.${url}]\n  capabilities = ["pull", "resolve"]\n`
}

/** A JSON string is a basic string of TOML for every path that a file system has without control characters. */
function text(value: string): string {
  return JSON.stringify(value)
}

function list(values: readonly string[]): string {
  return `[${values.map(text).join(", ")}]`
}
