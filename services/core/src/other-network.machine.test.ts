import { execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startContainerd } from "#containerd"
import { removeCgroup } from "#kubelet"
import { startNetwork } from "#network"

const instance = `f${process.pid.toString(16)}`.slice(-6)
const bridge = `wother${instance}`
const ip = (...words: string[]): string =>
  execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

/** A configuration as somebody has it who knows nothing of us: a bridge, and a second plugin that works on its answer. */
const theirs = (leases: string): object => ({
  cniVersion: "0.4.0",
  name: "theirs",
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      ipam: { type: "host-local", dataDir: leases, subnet: "198.19.76.0/24", routes: [{ dst: "0.0.0.0/0" }] },
    },
    { type: "tuning", mtu: 1280 },
  ],
})

describe("a network configuration of somebody else's", () => {
  it("goes before ours by its name, and makes pods' links by the plugins of the machine", async () => {
    await using undo = new AsyncDisposableStack()
    const directory = mkdtempSync(join(tmpdir(), "wick-other-"))
    undo.defer(() => rmSync(directory, { recursive: true, force: true }))
    const given = { clock: systemClock, log: silentLog }
    const network = await startNetwork({ instance, directory: join(directory, "network"), ...given })
    undo.defer(() => network.remove())
    undo.defer(() => {
      if (existsSync(`/sys/class/net/${bridge}`)) ip("link", "delete", bridge)
    })
    const leases = join(directory, "leases")
    writeFileSync(join(network.cniConfDir, "00-theirs.conflist"), JSON.stringify(theirs(leases)))
    const { cniConfDir, cniBinDirs } = network
    const containerd = await startContainerd({ directory: join(directory, "c"), cniConfDir, cniBinDirs, ...given })
    undo.defer(async () => {
      await containerd.stop()
      await removeCgroup(`/wick-${instance}`, systemClock)
    })
    const { cri } = containerd
    const config = {
      metadata: { name: "one", namespace: "default", uid: "one", attempt: 0 },
      logDirectory: join(directory, "logs"),
      linux: { cgroupParent: `/wick-${instance}` },
    }
    const { podSandboxId } = await cri.call("RunPodSandbox", { config })
    const { status } = await cri.call("PodSandboxStatus", { podSandboxId })
    const address = status?.network?.ip ?? ""
    expect(address).toMatch(/^198\.19\.76\./)
    expect(ip("-details", "link", "show", "master", bridge)).toContain("veth")
    await cri.call("StopPodSandbox", { podSandboxId })
    await cri.call("RemovePodSandbox", { podSandboxId })
    expect(readdirSync(join(leases, "theirs"))).not.toContain(address)
    expect(ip("link", "show", "master", bridge)).toBe("")
  })
})
