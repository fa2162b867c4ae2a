import { hostname } from "node:os"
import { connect } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
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
  ? { host: "0.0.0.0", port: 8443, service: { namespace: "knative-serving", name: service, port: 443 } }
  : { host: "127.0.0.1", port: 0 }
const connection = await connect({ env: process.env }, "wick-controller")
const common = { client: connection.client, clock: systemClock, log }
const admission = await startAdmission({ ...common, webhook })
const identity = `${hostname()}-${process.pid}`
const elected = electController({ ...common, random: systemRandom, identity })
log.info("controller is running", { server: connection.server })
const stop = async (): Promise<void> => {
  await elected[Symbol.asyncDispose]()
  await admission[Symbol.asyncDispose]()
  await connection[Symbol.asyncDispose]()
  process.exit(0)
}
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
