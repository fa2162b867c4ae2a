import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import type { NewOf } from "@wick/sdk/api/kind"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestControlPlane } from "../../testing/control-plane.ts"
import { CsiVolumes } from "./csi-volumes.ts"
import { inlineWish } from "./mount-request.ts"
import { PluginRegistry } from "./plugin-registry.ts"
import { startTestDriver } from "./testing/csi-driver.ts"

const namespace = "default"
const driverName = "test.csi.example.com"

it("a driver that wants it publishes its volumes again, no more often than each minute, and renews what is in them", async () => {
  await using undo = new AsyncDisposableStack()
  const root = mkdtempSync(join(tmpdir(), "wick-republish-"))
  undo.defer(() => rmSync(root, { recursive: true, force: true }))
  const plane = undo.use(await startTestControlPlane(join(root, "plane")))
  const client = plane.clientAs({ name: "admin", groups: ["system:masters"] })
  await expect
    .poll(() => client.get(ServiceAccount, { name: "default", namespace }).catch(() => undefined))
    .toBeDefined()
  await client.create(Node, { metadata: { name: "one" } })
  await client.create(CSIDriver, {
    metadata: { name: driverName },
    spec: {
      attachRequired: false,
      requiresRepublish: true,
      tokenRequests: [{ audience: "vault" }],
      volumeLifecycleModes: ["Ephemeral"],
    },
  } as NewOf<typeof CSIDriver>)
  const source = { driver: driverName }
  const spec = { containers: [{ name: "main", image: "i" }], volumes: [{ name: "data", csi: source }] }
  const pod = await client.create(Pod, { metadata: { name: "web", namespace }, spec })

  const [plugins, pods] = [join(root, "plugins"), join(root, "pods")]
  const clock = new SimulatedClock(systemClock.now())
  const news = { clock: systemClock, log: silentLog, onChange: async () => {} }
  const registry = undo.use(new PluginRegistry({ directory: plugins, ...news }))
  await registry.start()
  const driver = undo.use(await startTestDriver({ name: driverName, plugins, store: join(root, "store") }))
  await expect.poll(() => driver.registrations).toEqual([""])
  const given = { client, nodeName: "one", registry, clock, log: silentLog, pods, staging: join(root, "staging") }
  let volumes = new CsiVolumes(given)
  const publish = () => volumes.publish(pod, "data", inlineWish(pod, "data", source))
  const path = await publish()
  undo.defer(() => volumes.release(join(pods, pod.metadata.uid)))
  const token = (): unknown => {
    const told = JSON.parse(readFileSync(join(path, "csi.storage.k8s.io_serviceAccount.tokens"), "utf8"))
    return told.vault.token
  }
  const first = token()

  await publish()
  await clock.advance(59_000)
  await publish()
  expect(driver.published).toHaveLength(1)
  expect(volumes.isLookedAfter(pod)).toBe(true)
  await clock.advance(1_000)
  await publish()
  expect(driver.published).toHaveLength(2)
  expect(token()).not.toBe(first)

  driver.failing.add("NodePublishVolume")
  await clock.advance(60_000)
  expect(await publish()).toBe(path)
  await clock.advance(60_000)
  await publish()
  expect(driver.published).toHaveLength(3)

  volumes = new CsiVolumes(given)
  await publish()
  expect(driver.published).toHaveLength(4)
  expect(driver.calls.filter((verb) => verb === "NodePublishVolume")).toHaveLength(5)
})
