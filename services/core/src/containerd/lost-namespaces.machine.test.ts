import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type Containerd, startContainerd } from "./containerd.ts"

const home = "/tmp/wick-lost-namespaces-test"
const bridge = "wick-lost0"
const directory = join(home, "containerd")
const namespaces = join(directory, "state/run/io.containerd.grpc.v1.cri/netns")
const cniConfDir = join(home, "cni")

beforeEach(() => {
  for (const point of mounted()) execFileSync("umount", ["-l", point])
  rmSync(home, { recursive: true, force: true })
  mkdirSync(cniConfDir, { recursive: true })
  const ipam = { type: "host-local", dataDir: join(home, "ipam"), ranges: [[{ subnet: "10.239.78.0/24" }]] }
  const network = { cniVersion: "0.4.0", name: "wick-lost", plugins: [{ type: "bridge", bridge, ipam }] }
  writeFileSync(join(cniConfDir, "10-test.conflist"), JSON.stringify(network))
})
afterEach(() => {
  rmSync(home, { recursive: true })
  execFileSync("ip", ["link", "delete", bridge])
})

function start(): Promise<Containerd> {
  const cniBinDirs = ["/usr/lib/cni"]
  return startContainerd({ directory, cniConfDir, cniBinDirs, clock: systemClock, log: silentLog })
}

function mounted(): string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8").split("\n")
  return points.flatMap((line) => line.split(" ")[4] ?? []).filter((point) => point.startsWith(`${namespaces}/`))
}

it("a network namespace that a killed containerd has left to no sandbox goes with the next start, and no other", async () => {
  const first = await start()
  const config = { metadata: { name: "fn", namespace: "default", uid: "1", attempt: 0 }, linux: {} }
  const { podSandboxId } = await first.cri.call("RunPodSandbox", { config })
  const kept = mounted()
  expect(kept).toHaveLength(1)
  await first.stop()
  const lost = join(namespaces, "cni-lost")
  writeFileSync(lost, "")
  execFileSync("unshare", [`--net=${lost}`, "true"])
  writeFileSync(join(namespaces, "cni-begun"), "")
  expect(mounted()).toHaveLength(2)
  const second = await start()
  expect(mounted()).toEqual(kept)
  expect(readdirSync(namespaces)).toHaveLength(1)
  await second.cri.call("StopPodSandbox", { podSandboxId })
  await second.cri.call("RemovePodSandbox", { podSandboxId })
  expect(mounted()).toEqual([])
  await second.stop()
})
