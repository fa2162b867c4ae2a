import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { strike } from "./testing/hosts/round.ts"
import { ThreeHosts } from "./testing/hosts/three-hosts.ts"

/** How long a loaded machine may take, several times what it takes when it is at rest: see hosts.bench.ts for figures. */
const writeMsMax = 10_000
const coldMsMax = 18_000
const roundTimeoutMs = 180_000

let cluster: ThreeHosts

beforeAll(async () => {
  cluster = await ThreeHosts.start()
  const [first] = cluster.hosts
  const image = "127.0.0.1:5000/echo"
  await first?.wick("deploy", "warm", "--image", image, "--scale", "1..1")
  await first?.wick("deploy", "cold", "--image", image, "--annotation", "autoscaling.knative.dev/window=6s")
}, 240_000)
afterAll(() => cluster?.[Symbol.asyncDispose](), 120_000)

describe("three control-plane hosts", () => {
  it("are named in the kubeconfig and by wick member list, one of them as the leader", async () => {
    for (const host of cluster.hosts) {
      const told = await host.wick("member", "list")
      for (const { api } of cluster.hosts) expect(told).toContain(api)
      expect(told.match(/leader/g)).toHaveLength(1)
    }
  })

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
