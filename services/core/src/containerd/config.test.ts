import { describe, expect, it } from "vitest"
import { type ContainerdSettings, containerdConfig, parseVersion, plainRegistry } from "./config.ts"

const settings: ContainerdSettings = {
  root: "/w/root",
  state: "/w/state",
  runtimes: [
    { name: "crun", binary: "/usr/bin/crun", state: "/w/crun" },
    { name: "runc", binary: "runc", state: "/w/runc" },
  ],
  socket: "/w/c.sock",
  cniConfDir: "/w/cni",
  cniBinDirs: ["/usr/lib/cni", "/opt/cni/bin"],
  registryDir: "/w/registries",
  sandboxImage: "wick.internal/pause:1",
  snapshotter: "overlayfs",
  version: { major: 1, minor: 6 },
}

describe("containerd's configuration", () => {
  it("asks 1.x for one CRI plugin with the quirks that an unprivileged host needs", () => {
    const config = containerdConfig(settings)
    expect(config).toContain("version = 2")
    expect(config).toContain(`[plugins."io.containerd.grpc.v1.cri"]`)
    expect(config).toContain("restrict_oom_score_adj = true")
    expect(config).toContain(`bin_dir = "/usr/lib/cni"`)
    expect(config).not.toContain("io.containerd.runtime.v1.linux")
  })

  it.each([1, 2])("has %d.x keep the network namespaces of its sandboxes where nobody else has any", (major) => {
    const config = containerdConfig({ ...settings, version: { major, minor: 6 } })
    expect(config).toMatch(
      /^\[plugins\."io\.containerd\.(grpc\.v1\.cri|cri\.v1\.runtime)"]\n( {2}.*\n)* {2}netns_mounts_under_state_dir = true$/m,
    )
  })

  it("asks 2.x for two, with the sandbox image pinned", () => {
    const config = containerdConfig({ ...settings, version: { major: 2, minor: 1 } })
    expect(config).toContain("version = 3")
    expect(config).toContain(
      `[plugins."io.containerd.cri.v1.images".pinned_images]\n  sandbox = "wick.internal/pause:1"`,
    )
    expect(config).toContain(`bin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]`)
  })

  it.each([1, 2])("lets %d.x make containers by the first runtime, and by the others for who names them", (major) => {
    const config = containerdConfig({ ...settings, version: { major, minor: 6 } })
    expect(config).toContain(`default_runtime_name = "crun"`)
    expect(config).toMatch(
      /runtimes\.crun\.options]\n(.*\n)*? {2}BinaryName = "\/usr\/bin\/crun"\n {2}Root = "\/w\/crun"/,
    )
    expect(config).toMatch(/runtimes\.runc\.options]\n(.*\n)*? {2}BinaryName = "runc"\n {2}Root = "\/w\/runc"/)
  })

  it("names one directory of plugins where 2.0 knows no more", () => {
    expect(containerdConfig({ ...settings, version: { major: 2, minor: 0 } })).toContain(`bin_dir = "/usr/lib/cni"`)
  })

  it("speaks plain HTTP to a registry that is named so", () => {
    expect(plainRegistry("127.0.0.1:5000")).toContain(`[host."http://127.0.0.1:5000"]`)
  })

  it.each([
    ["containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", { major: 1, minor: 6 }],
    ["containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7", { major: 2, minor: 1 }],
    ["containerd containerd.io 1.7.27 05044ec", { major: 1, minor: 7 }],
    ["no version", undefined],
  ])("reads the version of %s", (output, version) => {
    expect(parseVersion(output)).toEqual(version)
  })
})
