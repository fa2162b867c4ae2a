import { hostname } from "node:os"
import { Service } from "@wick/sdk/api/core/service"
import { type DataByName, systemNamespace } from "@wick/sdk/api/serving/config"
import { connect, measured } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { electController, startAdmission } from "./index.ts"

const log = createLog({
  level: "info",
  format: "json",
  now: () => Date.now(),
  write: (line) => process.stderr.write(line),
})
/** In a cluster the webhooks are behind the Service that WEBHOOK_SERVICE names; elsewhere the API server is on this host. */
const service = process.env.WEBHOOK_SERVICE
const webhook = service
  ? { host: "0.0.0.0", port: 8443, service: { namespace: systemNamespace, name: service, port: 443 } }
  : { host: "127.0.0.1", port: 0 }
const metrics = createMetrics()
const connection = await connect({ env: process.env }, "wick-controller", measured(metrics, systemClock))
const common = { client: connection.client, clock: systemClock, log, metrics }
const identity = `${hostname()}-${process.pid}`
/** Address at which :9090 (metrics) and :8008 (profiles) are served while config-observability asks for them. */
const host = process.env.FIGURES_HOST
const figures = { random: systemRandom, service: "controller", id: identity, ...(host && { host }) }
const configDefaults = await drainDefaults(process.env.DRAIN_SERVICE)
const admission = await startAdmission({ ...common, webhook, configDefaults, figures })
const elected = await electController({
  ...common,
  random: systemRandom,
  identity,
  writeSpan: (line) => void process.stdout.write(line),
})
log.info("controller is running", { server: connection.server })
const stop = async (): Promise<void> => {
  await elected[Symbol.asyncDispose]()
  await admission[Symbol.asyncDispose]()
  await connection[Symbol.asyncDispose]()
  process.exit(0)
}
process.once("SIGTERM", stop)
process.once("SIGINT", stop)

/** A kubelet runs on a host, which may know no names of the cluster: it is told the Service's address. */
async function drainDefaults(name: string | undefined): Promise<DataByName> {
  if (name === undefined) return {}
  const { spec } = await connection.client.get(Service, { name, namespace: systemNamespace })
  const port = spec.ports?.find((each) => each.name === "admin")?.port
  if (!spec.clusterIP || port === undefined) throw new Error(`Service ${name} has no clusterIP with a port named admin`)
  return { "config-wick": { "drain-host": spec.clusterIP, "drain-port": String(port) } }
}
