import { Pod } from "@wick/sdk/api/core/pod"
import { startNodeRig } from "./node-rig.ts"
import { obedient } from "./test-pod.ts"

/**
 * How long a pod takes on this node, from its object to its states, beside what CRI alone needs for the same.
 * `node services/core/src/kubelet/testing/pod-start.bench.ts [rounds]`, as root.
 */
const rounds = Number(process.argv[2] ?? 15)
const figures = new Map<string, number[]>()

function note(name: string, startedAt: number): void {
  figures.set(name, [...(figures.get(name) ?? []), performance.now() - startedAt])
}

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  note(name, startedAt)
  return result
}

await using rig = await startNodeRig()
const { cri } = rig.containerd
const container = { name: "main", image: rig.image, command: ["sh", "-c", obedient] }
const warm = await rig.create({ name: "warm", containers: [container] })
await rig.until("warm", (pod) => pod?.status?.phase === "Running")
await rig.client.delete(Pod, { name: warm.metadata.name, namespace: "default" })
for (let round = 0; round < rounds; round += 1) {
  const name = `bench-${round}`
  const config = {
    metadata: { name, namespace: "bench", uid: name, attempt: 0 },
    logDirectory: `/tmp/wick-kubelet-test/bench/${name}`,
    linux: { cgroupParent: "/wick-kltest" },
  }
  const startedAt = performance.now()
  const { podSandboxId } = await timed("cri sandbox", () => cri.call("RunPodSandbox", { config }))
  const image = { image: rig.image }
  const own = { metadata: { name: "main", attempt: 0 }, image, command: container.command, logPath: "main.log" }
  const { containerId } = await timed("cri create", () =>
    cri.call("CreateContainer", { podSandboxId, sandboxConfig: config, config: own }),
  )
  await timed("cri start", () => cri.call("StartContainer", { containerId }))
  note("cri total", startedAt)
  await cri.call("StopPodSandbox", { podSandboxId })
  await cri.call("RemovePodSandbox", { podSandboxId })

  const began = performance.now()
  const address = rig.until(name, (pod) => pod?.status?.podIP !== undefined).then(() => note("pod address", began))
  const running = rig.until(name, (pod) => pod?.status?.phase === "Running").then(() => note("pod running", began))
  await rig.create({ name, containers: [container] })
  await Promise.all([address, running])
  await timed("pod deleted", async () => {
    await rig.client.delete(Pod, { name, namespace: "default" })
    await rig.until(name, (pod) => pod === undefined)
  })
}
for (const [name, values] of figures) {
  const sorted = values.sort((a, b) => a - b)
  const [p50 = 0, p95 = 0] = [0.5, 0.95].map((part) => sorted[Math.floor(part * (sorted.length - 1))])
  process.stdout.write(
    `${name.padEnd(12)} p50 ${p50.toFixed(1).padStart(7)} ms   p95 ${p95.toFixed(1).padStart(7)} ms\n`,
  )
}
