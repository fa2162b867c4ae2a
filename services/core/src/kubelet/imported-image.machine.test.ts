import { execFileSync } from "node:child_process"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type NodeRig, startNodeRig } from "./testing/node-rig.ts"

let rig: NodeRig
beforeAll(async () => {
  rig = await startNodeRig()
})
afterAll(() => rig?.[Symbol.asyncDispose]())

const ctr = (...args: string[]): string =>
  execFileSync("ctr", ["-a", rig.containerd.endpoint, "-n", "k8s.io", ...args], { encoding: "utf8" })
const snapshots = (): string[] => ctr("snapshots", "ls").split("\n").slice(1).filter(Boolean)
/** The collector runs when a lease goes, and is waited for. */
const collect = (): void => {
  ctr("leases", "create", "--id", "collected")
  ctr("leases", "rm", "--sync", "collected")
}

/** Puts an image into containerd's stores and nothing else, as `ctr images import --no-unpack` does. */
async function importImage(...programs: [string, ...string[]]): Promise<string> {
  const image = await rig.push(programs[0], ...programs)
  ctr("content", "fetch", "--plain-http", image)
  await expect.poll(() => rig.runtime.image(image)).toBeDefined()
  return image
}

describe("an image that was imported and not unpacked", () => {
  it("is unpacked by the first pods that need it, and stays so for as long as it is there", async () => {
    const image = await importImage("head", "cmp")
    const main = { name: "main", image, imagePullPolicy: "Never" as const, command: ["head", "-c", "0", "/bin/cmp"] }
    const before = snapshots()
    const names = ["first", "second"]
    await Promise.all(names.map((name) => rig.create({ name, restartPolicy: "Never", containers: [main] })))
    for (const name of names) await rig.until(name, (pod) => pod?.status?.phase === "Succeeded")
    const made = snapshots().filter((line) => !before.includes(line))
    expect(made.filter((line) => line.endsWith("Committed"))).toHaveLength(1)
    expect(made.filter((line) => line.includes("unpack"))).toEqual([])
    expect(ctr("leases", "ls")).not.toContain("unpack")
    collect()
    expect(snapshots()).toEqual(expect.arrayContaining(made))
  })

  it("is seen in a volume", async () => {
    const reference = await importImage("wc", "tee")
    const volumes = [{ name: "files", image: { reference, pullPolicy: "Never" as const } }]
    const main = {
      ...{ name: "main", image: rig.image, command: ["ls", "/files/bin/tee"] },
      volumeMounts: [{ name: "files", mountPath: "/files" }],
    }
    await rig.create({ name: "reader", restartPolicy: "Never", containers: [main], volumes })
    await rig.until("reader", (pod) => pod?.status?.phase === "Succeeded")
  })
})
