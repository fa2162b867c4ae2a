import { networkInterfaces } from "node:os"
import { proofOf } from "@wick/sdk/gateway-key"
import { expect, it } from "vitest"
import { adminKey } from "../testing/scripted-cluster.ts"
import { ask, askAsService, startStage } from "../testing/stage.ts"
import { HookSeats, isLoopback } from "./hook-seats.ts"

it("health and metrics are for everybody", async () => {
  await using stage = await startStage()
  const { port } = stage.activator.adminAddress
  for (const path of ["/healthz", "/readyz", "/metrics"])
    expect(await ask(port, "x", { path })).toMatchObject({ status: 200 })
})

it("what the controller asks is refused to a stranger, and told to whoever has the key", async () => {
  await using stage = await startStage((cluster) => cluster.ingress("app", { rules: [] }, { generation: 1 }))
  const { port } = stage.activator.adminAddress
  const path = "/routed/default/app?generation=1"
  const refused = await ask(port, "x", { path })
  expect(refused).toMatchObject({ status: 401, headers: { "www-authenticate": "Wick" } })
  const ofAnother = proofOf(adminKey, { method: "GET", path: "/routed/default/other?generation=1" }, Date.now())
  expect(await ask(port, "x", { path, headers: { authorization: ofAnother } })).toMatchObject({ status: 401 })
  expect(await askAsService(port, path)).toMatchObject({ status: 200 })
})

it("another key holds as soon as the cluster has it", async () => {
  await using stage = await startStage((cluster) => cluster.ingress("app", { rules: [] }, { generation: 1 }))
  const { port } = stage.activator.adminAddress
  const path = "/routed/default/app?generation=1"
  expect(await askAsService(port, path)).toMatchObject({ status: 200 })
  const metadata = { name: "activator-admin-key", namespace: "knative-serving" }
  stage.cluster.put("secrets", { metadata, data: { key: Buffer.alloc(32, 8).toString("base64") } })
  let status = 200
  while (status === 200) ({ status } = await askAsService(port, path))
  expect(status).toBe(401)
})

/** Of this machine, by which a pod would come. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === "IPv4" && !each.internal)?.address

it.runIf(outside)(
  "a kubelet elsewhere waits for the drain of a revision whose uid it knows from the pod, and of no other",
  async () => {
    await using stage = await startStage(
      (cluster) => {
        for (const name of ["app-1", "other-1"])
          cluster.put("revisions", { metadata: { name, uid: `uid-${name}` }, spec: {} })
        const labels = { "serving.knative.dev/revision": "gone-1", "serving.knative.dev/revisionUID": "uid-gone-1" }
        cluster.pod("last", "gone-1", undefined, { labels })
      },
      { admin: { host: outside ?? "", port: 0 } },
    )
    const asked = async (path: string): Promise<number> =>
      (await fetch(`http://${outside}:${stage.activator.adminAddress.port}/drain/default/${path}`)).status
    expect(await Promise.all(["app-1", "app-1/", "app-1/uid-other-1", "none-1/uid-app-1"].map(asked))).toEqual([
      401, 401, 401, 401,
    ])
    // The revision is gone, and its last pod goes.
    expect(await Promise.all(["app-1/uid-app-1", "gone-1/uid-gone-1"].map(asked))).toEqual([200, 200])
  },
)

it("loopback is this host alone", () => {
  const addresses = ["127.0.0.1", "::ffff:127.0.0.1", "::1", "10.1.0.7", "::ffff:10.1.0.7"]
  expect(addresses.map(isLoopback)).toEqual([true, true, true, false, false])
})

it("an address that waits for too many drains takes no seat of another", () => {
  const seats = new HookSeats()
  const taken = Array.from({ length: 1_000 }, () => seats.take("10.1.0.7"))
  expect(seats.take("10.1.0.7")).toBeUndefined()
  expect(seats.take("10.1.0.1")).toBeDefined()
  taken[0]?.[Symbol.dispose]()
  expect(seats.take("10.1.0.7")).toBeDefined()
})
