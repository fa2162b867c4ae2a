import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type NodeRig, startNodeRig } from "./testing/node-rig.ts"

let rig: NodeRig
beforeAll(async () => {
  rig = await startNodeRig()
  // What every first pod of CRI brings is there then.
  await rig.create({
    name: "early",
    restartPolicy: "Never",
    containers: [{ name: "main", image: rig.image, command: ["true"] }],
  })
  await rig.until("early", (pod) => pod?.status?.phase === "Succeeded")
})
afterAll(() => rig?.[Symbol.asyncDispose]())

/** Beside this process, where the registry is too. */
const ctr = async (...args: string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)("ctr", ["-a", rig.containerd.endpoint, "-n", "k8s.io", ...args])
  return stdout
}
const snapshots = async (): Promise<string[]> =>
  (await ctr("snapshots", "ls"))
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter(Boolean)
/** The collector runs when a lease goes, and is waited for. */
const collect = async (): Promise<void> => {
  await ctr("leases", "create", "--id", "collected")
  await ctr("leases", "rm", "--sync", "collected")
}

/** Puts an image into containerd's stores and nothing else, as `ctr images import --no-unpack` does. */
async function importImage(...programs: [string, ...string[]]): Promise<string> {
  const image = await rig.push(programs[0], ...programs)
  await ctr("content", "fetch", "--plain-http", image)
  await expect.poll(() => rig.runtime.image(image)).toBeDefined()
  return image
}

describe("an image that was imported and not unpacked", () => {
  it("is unpacked by the first pods that need it, and stays so for as long as it is there", async () => {
    const image = await importImage("head", "cmp")
    const main = { name: "main", image, imagePullPolicy: "Never" as const, command: ["head", "-c", "0", "/bin/cmp"] }
    const before = await snapshots()
    const names = ["first", "second"]
    await Promise.all(names.map((name) => rig.create({ name, restartPolicy: "Never", containers: [main] })))
    for (const name of names) await rig.until(name, (pod) => pod?.status?.phase === "Succeeded")
    const made = (await snapshots()).filter((line) => !before.includes(line))
    expect(made.filter((line) => line.endsWith("Committed"))).toHaveLength(1)
    expect(made.filter((line) => line.includes("unpack"))).toEqual([])
    expect(await ctr("leases", "ls")).not.toContain("unpack")
    await collect()
    expect(await snapshots()).toEqual(expect.arrayContaining(made))
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
