import { flushCompileCache } from "node:module"
import { hostname } from "node:os"
import { clusterFetch, createClient, findCluster, measured, readMaterial } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { descriptorLimit } from "@wick/sdk/descriptors"
import { createLog } from "@wick/sdk/log"
import { keepSettled } from "@wick/sdk/memory"
import { createMetrics } from "@wick/sdk/metrics"
import { type ActivatorTls, startActivator } from "./activator.ts"
import { clientsMaxOf } from "./gateway/client-limit.ts"
import { LineWriter } from "./gateway/line-writer.ts"
import { type Options, parseOptions, usage } from "./options.ts"

const write = (line: string): void => void process.stderr.write(line)
const log = createLog({ level: "info", format: "json", now: Date.now, write }).with({ service: "activator" })

let options: Options
try {
  options = parseOptions(process.argv.slice(2))
} catch (error) {
  write(`${(error as Error).message}\n\n${usage}`)
  process.exit(2)
}

const cluster = await findCluster({ kubeconfig: options.kubeconfig, env: process.env })
const transport = await clusterFetch(cluster, systemClock)
const metrics = createMetrics()
const fetch = measured(metrics, systemClock)(transport.fetch)
const activator = await startActivator({
  client: createClient({ fetch, baseUrl: cluster.server, userAgent: "wick-activator" }),
  clock: systemClock,
  random: systemRandom,
  log,
  metrics,
  listen: options.listen,
  listenLocal: options.listenLocal,
  listenSecure: options.listenSecure,
  listenLocalSecure: options.listenLocalSecure,
  reusePort: true,
  clientsMax: clientsMaxOf(descriptorLimit()),
  admin: options.admin,
  figuresHost: options.figuresHost,
  writeRequestLog: new LineWriter(process.stdout).write,
  writeSpan: (line) => void process.stdout.write(line),
  ...(options.adminAddress !== undefined && { adminAddress: options.adminAddress }),
  ...(options.autoscaler !== undefined && { autoscaler: options.autoscaler }),
  tls: await tlsOf(cluster),
  id: options.id ?? `${hostname()}-${process.pid}`,
})
// What was compiled is kept for the next start, which then needs neither the time nor the memory of a compiler.
flushCompileCache()
keepSettled(systemClock)

/** Of the kubeconfig's user. */
async function tlsOf(config: typeof cluster): Promise<ActivatorTls | undefined> {
  const [authorityPem, certificatePem, keyPem] = await Promise.all(
    [config.certificateAuthority, config.clientCertificate, config.clientKey].map(readMaterial),
  )
  return authorityPem && certificatePem && keyPem ? { authorityPem, certificatePem, keyPem } : undefined
}

let stopping = false
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    // The second signal is from somebody in a hurry.
    if (stopping) process.exit(1)
    stopping = true
    log.info("draining", { signal })
    const patience = { lingerMs: options.lingerSeconds * 1000, limitMs: options.drainSeconds * 1000 }
    void activator.drain(patience).then(async () => {
      await activator[Symbol.asyncDispose]()
      await transport[Symbol.asyncDispose]()
      process.exit(0)
    })
  })
}
