import { equal, holds, includes, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import { type Statement, type Topic, topic } from "../topic.ts"
import type { World } from "../world.ts"
import {
  answered,
  ask,
  type Changes,
  conditionOf,
  configurations,
  deploy,
  functionOf,
  functionPatienceMs,
  nowhere,
  revisions,
  services,
  urlOf,
} from "./functions.ts"

/** What operators let functions do, or do for them, beyond the defaults. */
const flags: Statement = (it) => {
  it.withFunctions(
    "S68 S78: init containers prepare what the function finds, and a claim is written to",
    async (world) => {
      await set(world, "config-features", {
        "kubernetes.podspec-init-containers": "enabled",
        "kubernetes.podspec-persistent-volume-claim": "enabled",
        "kubernetes.podspec-persistent-volume-write": "enabled",
      })
      const { specimen } = world.functionHost
      const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "claim" } }
      const size = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } }
      await world.wire("POST", world.path("persistentvolumeclaims"), { ...claim, spec: size })
      const data = { name: "data", mountPath: "/data" }
      const command = ["node", "-e", "require('fs').writeFileSync('/data/x', 'prepared')"]
      const initContainers = [{ name: "first", image: specimen, command, volumeMounts: [data] }]
      const volumes = [
        { name: "data", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
        { name: "claim", persistentVolumeClaim: { claimName: "claim" } },
      ]
      const volumeMounts = [data, { name: "claim", mountPath: "/claim" }]
      const service = await deployOnce(world, { container: { volumeMounts }, spec: { initContainers, volumes } })
      equal((await ask(world, urlOf(service, "/read?path=/data/x"))).body.text, "prepared")
      equal((await ask(world, urlOf(service, "/write?path=/claim/x&text=y"))).body, { written: true })
      const { body } = await world.wire("GET", world.path(revisions, "/a-00001"))
      says(body.status.initContainerStatuses[0].imageDigest, /@sha256:/)
    },
  )

  it.withFunctions("S67 S69: with multi-container-probing a function waits for its sidecars", async (world) => {
    await set(world, "config-features", { "multi-container-probing": "enabled" })
    const { specimen: image } = world.functionHost
    const listening = (port: number, ms = 0): object[] => [
      { name: "LISTEN", value: String(port) },
      { name: "START_MS", value: String(ms) },
    ]
    const healthy = (port: number): object => ({ httpGet: { path: "/healthy", port } })
    const containers = [
      { image, ports: [{ containerPort: 8881 }], readinessProbe: healthy(8881) },
      { image, env: listening(8882), readinessProbe: healthy(8882), livenessProbe: { exec: { command: ["true"] } } },
      { image, env: listening(8883, 3000), readinessProbe: healthy(8883), startupProbe: { tcpSocket: { port: 8883 } } },
    ]
    const template = { annotations: { "autoscaling.knative.dev/min-scale": "1" } }
    await answered(world, urlOf(await deployOnce(world, { spec: { containers }, template })))
    const { body } = await world.wire("GET", world.path("pods"))
    const ready = body.items[0].status.containerStatuses.map((container: Loose) => container.ready)
    equal(ready, [true, true, true])
  })

  it.withFunctions("S83: with allow-zero-initial-scale a revision is Ready that never had a pod", async (world) => {
    await set(world, "config-autoscaler", { "allow-zero-initial-scale": "true" })
    const template = { annotations: { "autoscaling.knative.dev/initial-scale": "0" } }
    const { spec } = functionOf("a", world.functionHost.specimen, { template })
    const kind = { apiVersion: "serving.knative.dev/v1", kind: "Configuration" }
    const configuration = { ...kind, metadata: { name: "a" }, spec: { template: spec.template } }
    await eventually(world.clock, async () =>
      equal((await world.wire("POST", world.path(configurations), configuration)).code, 201),
    )
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", world.path(configurations, "/a"))
      equal(conditionOf(body, "Ready")?.status, "True")
    })
    equal((await world.wire("GET", world.path("pods"))).body.items, [])
  })

  it.withFunctions("S143: what config-gc lets go is gone once another revision is routed", async (world) => {
    await set(world, "config-gc", {
      "retain-since-create-time": "disabled",
      "retain-since-last-active-time": "disabled",
      "min-non-active-revisions": "0",
      "max-non-active-revisions": "0",
    })
    await deploy(world, "a")
    await deploy(world, "a", { env: { VERSION: "2" } })
    const gone = async (): Promise<void> =>
      equal((await world.wire("GET", world.path(revisions, "/a-00001"))).code, 404)
    await eventually(world.clock, gone, functionPatienceMs)
  })

  it.withFunctions(
    "S145: with secure-pod-defaults containers get what is safe, but for what they say themselves",
    async (world) => {
      await set(world, "config-features", { "secure-pod-defaults": "enabled" })
      const context = (service: Loose): Loose => service.spec.template.spec.containers[0].securityContext
      await eventually(world.clock, async () => {
        const { body } = await world.wire("POST", world.path(services, "?dryRun=All"), functionOf("a", nowhere))
        includes(context(body), { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } })
      })
      const securityContext = { capabilities: { drop: [] }, runAsNonRoot: false, allowPrivilegeEscalation: true }
      const service = await deploy(world, "a", { container: { securityContext } })
      includes(context(service), securityContext)
      holds((await answered(world, urlOf(service))).body.env, "it runs")
    },
  )
}

/** Settings of the whole platform are changed here: one case at a time, and nothing else beside it. */
export const servingFlags: Topic = topic("serving flags", flags)

async function set({ patch, afterwards }: World, map: string, data: Readonly<Record<string, string>>): Promise<void> {
  const at = `/api/v1/namespaces/knative-serving/configmaps/${map}`
  equal((await patch("merge", at, { data })).code, 200)
  const before = Object.fromEntries(Object.keys(data).map((key) => [key, null]))
  afterwards(() => patch("merge", at, { data: before }))
}

/** Deploys as soon as the setting that allows it has been heard of. */
function deployOnce(world: World, changes: Changes): Promise<Loose> {
  return eventually(world.clock, () => deploy(world, "a", changes))
}
