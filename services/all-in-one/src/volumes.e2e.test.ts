import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { startTestDriver } from "@wick/core/testing"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Service } from "@wick/sdk/api/serving/service"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { afterAll, beforeAll, expect, it } from "vitest"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

const namespace = "default"
const flags = [
  "podspec-init-containers",
  "podspec-persistent-volume-claim",
  "podspec-persistent-volume-write",
  "podspec-volumes-csi",
  "podspec-volumes-ephemeral",
  "podspec-volumes-image",
]
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "64Mi" } } }
let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
  const data = Object.fromEntries(flags.map((flag) => [`kubernetes.${flag}`, "enabled"]))
  const features = { name: "config-features", namespace: "knative-serving" }
  await wick.client.patch(ConfigMap, features, { type: "merge", body: { data } })
})

afterAll(() => wick?.[Symbol.asyncDispose]())

/** A function whose first container runs a line of JavaScript before it serves. */
async function deploy(name: string, line: string, volume: object, more: object = {}): Promise<void> {
  const mount = { name: "data", mountPath: "/data", ...(("image" in volume || "csi" in volume) && { readOnly: true }) }
  const image = `${wick.registry}/echo`
  const spec = {
    containers: [{ image, volumeMounts: [mount] }],
    initContainers: [{ name: "first", image, command: ["node", "-e", line], volumeMounts: [mount] }],
    volumes: [{ name: "data", ...volume }],
    ...more,
  }
  // Flags are read live: the webhook may not have seen them yet.
  await until(`${name} to be taken`, () =>
    wick.client
      .create(Service, { metadata: { name, namespace }, spec: { template: { spec } } } as never)
      .catch((error) => {
        if (!/podspec|persistent|must not set|ephemeral/i.test(error.message)) throw error
        return undefined
      }),
  )
  await until(`${name} to be ready`, async () => {
    const { status } = await wick.client.get(Service, { name, namespace })
    const ready = status?.conditions?.find(({ type }) => type === "Ready")
    if (ready?.status === "False") throw new Error(ready.message)
    return ready?.status === "True"
  })
}

const volumes = (): string => join(wick.home, "kubelet", "persistent")
const append = (line: string) => `require("node:fs").appendFileSync("/data/notes", "${line}")`

it("what a function writes into a claim is there for the next one, and goes with the claim", async () => {
  await wick.client.create(PersistentVolumeClaim, { metadata: { name: "notes", namespace }, spec: claimSpec })
  const volume = { persistentVolumeClaim: { claimName: "notes" } }
  await deploy("writer", append("one"), volume)
  await wick.client.delete(Service, { name: "writer", namespace })
  const check = `require("node:assert").equal(require("node:fs").readFileSync("/data/notes", "utf8"), "one")`
  await deploy("reader", check, volume)
  expect((await wick.call(`reader.default.${wick.domain}`)).status).toBe(200)
  expect(readdirSync(volumes())).toHaveLength(1)
  await wick.client.delete(Service, { name: "reader", namespace })
  await wick.client.delete(PersistentVolumeClaim, { name: "notes", namespace })
  await until("its directory to be removed", async () => readdirSync(volumes()).length === 0)
})

it("an ephemeral volume is made for a pod and removed with it", async () => {
  await deploy("scratch", append("two"), { ephemeral: { volumeClaimTemplate: { spec: claimSpec } } })
  expect(readdirSync(volumes())).toHaveLength(1)
  await wick.client.delete(Service, { name: "scratch", namespace })
  await until("its directory to be removed", async () => existsSync(volumes()) && readdirSync(volumes()).length === 0)
})

it("the files of an image are there to be read", async () => {
  const check = `
    require("node:assert").ok(require("node:fs").readdirSync("/data").includes("usr"))
    require("node:assert").throws(() => ${append("three")}, { code: "EROFS" })`
  await deploy("files", check, { image: { reference: `${wick.registry}/echo` } })
  expect((await wick.call(`files.default.${wick.domain}`)).status).toBe(200)
})

it("a driver's volume holds what the driver makes of the function's wishes", async () => {
  const name = "csi.example.com"
  const plugins = join(wick.home, "kubelet", "plugins_registry")
  await using driver = await startTestDriver({ name, plugins, store: join(wick.home, "csi") })
  const spec = { podInfoOnMount: true, volumeLifecycleModes: ["Ephemeral"] }
  await wick.client.create(CSIDriver, { metadata: { name }, spec } as never)
  const check = `require("node:assert").equal(require("node:fs").readFileSync("/data/flavour", "utf8"), "plain")`
  await deploy("driven", check, { csi: { driver: name, volumeAttributes: { flavour: "plain" } } })
  expect((await wick.call(`driven.default.${wick.domain}`)).status).toBe(200)
  await wick.client.delete(Service, { name: "driven", namespace })
  await until("its volume to be given back", async () => driver.calls.at(-1) === "NodeUnpublishVolume")
})
