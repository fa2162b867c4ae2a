import { join } from "node:path"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { startEtcd } from "#etcd"
import { openStorage } from "#replication"

/**
 * What is killed: a member of the store that answers etcd's clients. Says `ready` on stdout when it does. Arguments:
 * directory, port.
 */
const [directory = "", port = "0"] = process.argv.slice(2)
const clock = systemClock
const storage = await openStorage({
  directory: join(directory, "store"),
  clock,
  log: silentLog,
  onFailure: (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  },
})
await startEtcd({
  storage,
  directory: join(directory, "snapshots"),
  host: "127.0.0.1",
  port: Number(port),
  clock,
  random: seededRandom(process.pid),
  log: silentLog,
})
process.stdout.write("ready\n")
