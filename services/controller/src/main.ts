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
const connection = await connect({ env: process.env }, "wick-controller")
const controller = await startController({ client: connection.client, clock: systemClock, log })
log.info("controller is running", { server: connection.server })
const stop = async (): Promise<void> => {
  await controller[Symbol.asyncDispose]()
  await connection[Symbol.asyncDispose]()
  process.exit(0)
}
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
