import { readFileSync } from "node:fs"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { systemClock } from "@wick/sdk/clock"
import { type Cluster, clusterOf, declareConformance, pushSpecimen, serving, servingFlags } from "@wick/sdk/conformance"
import { parseKubeconfig } from "@wick/sdk/kubeconfig"
import { afterAll, beforeAll, describe, it } from "vitest"
import { startTestPlatform } from "./testing.ts"

/** Knative Serving's behaviour as its users see it, on a platform as they start it: pods in containers, calls over HTTP. */
const running = new AsyncDisposableStack()
let cluster: Cluster

beforeAll(async () => {
  const { kubeconfig, gatewayPort, registry, client } = running.use(await startTestPlatform())
  const specimen = await pushSpecimen(registry)
  const quick = { "scale-to-zero-grace-period": "1s" }
  const settings = { name: "config-autoscaler", namespace: "knative-serving" }
  await client.patch(ConfigMap, settings, { type: "merge", body: { data: quick } })
  const config = parseKubeconfig(readFileSync(kubeconfig, "utf8"))
  const functionHost = { gateway: { host: "127.0.0.1", port: gatewayPort }, specimen }
  cluster = running.use(await clusterOf(config, systemClock, { functionHost }))
})
afterAll(() => running.disposeAsync())

const options = { clock: systemClock, offers: ["functions"] } as const
declareConformance({ describe: describe.concurrent, it }, [serving], () => cluster, options)
declareConformance({ describe, it }, [servingFlags], () => cluster, options)
