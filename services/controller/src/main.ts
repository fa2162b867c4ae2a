import { connect } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createLog } from "@wick/sdk/log"
import { startController } from "./index.ts"

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
const controller = await startController({ client: connection.client, clock: systemClock, log, webhook })
log.info("controller is running", { server: connection.server })
const stop = async (): Promise<void> => {
  await controller[Symbol.asyncDispose]()
  await connection[Symbol.asyncDispose]()
  process.exit(0)
}
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
