import { readFileSync } from "node:fs"
import { systemClock } from "@wick/sdk/clock"
import { type Cluster, clusterOf, declareConformance, topics } from "@wick/sdk/conformance"
import { parseKubeconfig } from "@wick/sdk/kubeconfig"
import { afterAll, beforeAll, describe, it } from "vitest"
import { startTestPlatform } from "./testing.ts"

/** The suite as anybody runs it: against a cluster that is up, with all its controllers, a scheduler and a node. */
const running = new AsyncDisposableStack()
let cluster: Cluster

beforeAll(async () => {
  const { kubeconfig } = running.use(await startTestPlatform(["--runtime=process"]))
  const config = parseKubeconfig(readFileSync(kubeconfig, "utf8"))
  cluster = running.use(await clusterOf(config, systemClock))
})
afterAll(() => running.disposeAsync())

declareConformance({ describe, it }, topics, () => cluster, { clock: systemClock, offers: [] })
