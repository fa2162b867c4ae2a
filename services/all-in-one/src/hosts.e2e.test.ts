import { readFileSync } from "node:fs"
import { Pod } from "@wick/sdk/api/core/pod"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { inBackground } from "./testing/background.ts"
import type { Host } from "./testing/hosts/host.ts"
import { strike } from "./testing/hosts/round.ts"
import { ThreeHosts } from "./testing/hosts/three-hosts.ts"

/** How long a loaded machine may take, several times what it takes when it is at rest: see hosts.bench.ts for figures. */
const writeMsMax = 10_000
const coldMsMax = 18_000
const roundTimeoutMs = 180_000

const node = "/usr/local/bin/node"

const podOn = (host: string, program: string) => ({
  metadata: { name: `on-${host}`, namespace: "default" },
  spec: {
    nodeName: host,
    terminationGracePeriodSeconds: 1,
    containers: [{ name: "main", image: "127.0.0.1:5000/echo", command: [node, "-e", program] }],
  },
})

let cluster: ThreeHosts

beforeAll(async () => {
  cluster = await ThreeHosts.start()
  const [first] = cluster.hosts
  const image = "127.0.0.1:5000/echo"
  await first?.wick("deploy", "warm", "--image", image, "--scale", "1..1")
  await first?.wick("deploy", "cold", "--image", image, "--annotation", "autoscaling.knative.dev/window=6s")
}, 300_000)
afterAll(() => cluster?.[Symbol.asyncDispose](), 180_000)

describe("three control-plane hosts", () => {
  it("are named in the kubeconfig and by wick member list, one of them as the leader", async () => {
    for (const host of cluster.hosts) {
      const told = await host.wick("member", "list")
      for (const { api } of cluster.hosts) expect(told).toContain(api)
      await expect.poll(async () => (await host.wick("member", "list")).match(/leader/g)).toHaveLength(1)
    }
  })

  it("run an image that was pushed to one of them on each, and show its logs, shells and ports at every API", async () => {
    const [first] = cluster.hosts as [Host]
    const said = `require("http").createServer((_, answer) => answer.end("here")).listen(8000, () => console.log("said"))`
    for (const { name } of cluster.hosts) await (await first.client()).create(Pod, podOn(name, said))
    for (const { name } of cluster.hosts) {
      await first.kubectl("wait", "--for=condition=Ready", `pod/on-${name}`, "--timeout=60s")
    }
    for (const asked of cluster.hosts) {
      for (const { name } of cluster.hosts) {
        await expect.poll(() => asked.kubectl("logs", `on-${name}`)).toBe("said\n")
        expect(await asked.kubectl("exec", `on-${name}`, "--", node, "-e", "console.log(6 * 7)")).toBe("42\n")
      }
    }
    const [one, two] = cluster.hosts as [Host, Host]
    const forward = ["--kubeconfig", one.kubeconfig, "port-forward", `pod/on-${two.name}`, ":8000"]
    await using forwarding = inBackground("kubectl", forward, process.env)
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(await forwarding.printed("Forwarding from 127.0.0.1")) ?? []
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("here")
  }, 180_000)

  it("are reached by a host whose control process is dead, and learn of a new key that this one then makes", async () => {
    const leader = await cluster.settled()
    const [dead, alive] = cluster.others(leader) as [Host, Host]
    await dead.kubectl("create", "secret", "generic", "treasure", "--from-literal=word=sesame")
    dead.signal("SIGKILL")
    // The kubeconfig names all: `wick` goes on with another by itself, kubectl is told which.
    expect(readFileSync(dead.kubeconfig, "utf8")).toContain(alive.api)
    expect(await dead.wick("list")).toContain("warm")
    expect(await dead.kubectl("--server", alive.api, "get", "nodes", "-o", "name")).toContain(`node/${dead.name}`)
    await dead.start(["--encryption-key", "new"])
    await cluster.settled()
    for (const host of cluster.hosts) {
      const word = await host.kubectl("get", "secret", "treasure", "-o", "jsonpath={.data.word}")
      expect(atob(word)).toBe("sesame")
    }
  }, 180_000)

  it.each(["killed", "cut off", "frozen", "disk full"] as const)(
    "whose leader meets a blow (%s) go on: nothing that was acknowledged is lost, and what ran answers all the while",
    async (blow) => {
      const { writeMs, coldMs, acknowledged, lost, said, calls } = await strike(cluster, blow, "warm", "cold")
      expect(lost).toEqual([])
      expect(said).not.toBe("before")
      expect(acknowledged).toBeGreaterThan(0)
      expect(calls.answered).toBeGreaterThan(0)
      expect(calls.failed).toBe(0)
      expect(writeMs).toBeLessThan(writeMsMax)
      expect(coldMs).toBeLessThan(coldMsMax)
    },
    roundTimeoutMs,
  )
})
