import { hostname } from "node:os"
import { parseArgs } from "node:util"
import { clusterFetch, createClient, findCluster, measured } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { clusterExposure } from "./custom-metrics/cluster-exposure.ts"
import { startSharedAutoscaler } from "./start-autoscaler.ts"

const { values } = parseArgs({
  options: {
    /** Cluster to follow. */
    kubeconfig: { type: "string" },
    /** Where activators connect, `unix:/path` or `host:port`. */
    listen: { type: "string", default: "0.0.0.0:8082" },
    /** Address at which :9090 (metrics) and :8008 (profiles) are served while config-observability asks for them. */
    "figures-host": { type: "string" },
    /** Where the API server asks for custom metrics, `host:port`; nowhere unless given. */
    "metrics-listen": { type: "string" },
    /** Unique among the autoscalers. */
    id: { type: "string", default: `${hostname()}-${process.pid}` },
  },
})

const write = (line: string): void => void process.stderr.write(line)
const log = createLog({ level: "info", format: "json", now: Date.now, write })
const cluster = await findCluster({ kubeconfig: values.kubeconfig, env: process.env })
const transport = await clusterFetch(cluster, systemClock)
const metrics = createMetrics()
const fetch = measured(metrics, systemClock)(transport.fetch)
const client = createClient({ fetch, baseUrl: cluster.server, userAgent: "wick-autoscaler" })
const metricsListen = values["metrics-listen"]
const running = await startSharedAutoscaler({
  client,
  exposure: metricsListen === undefined ? undefined : clusterExposure(client, systemClock, metricsListen),
  clock: systemClock,
  random: systemRandom,
  log,
  metrics,
  figures: { id: values.id, host: values["figures-host"] },
  writeSpan: (line) => void process.stdout.write(line),
  listen: values.listen,
  identity: values.id,
})

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void running[Symbol.asyncDispose]().then(async () => {
      await transport[Symbol.asyncDispose]()
      process.exit(0)
    })
  })
}
