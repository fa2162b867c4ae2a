import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { startEtcd } from "#etcd"
import { openStorage, type StorageOptions } from "#replication"
import { openPeerDoor } from "../peer/index.ts"
import type { MemberOptions } from "./cluster.ts"

/** What is killed: a member of the store that answers etcd's clients. Says `ready` on stdout when it does. */
const options = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as MemberOptions
const { directory, clientPort, peers } = options
const common = { clock: systemClock, random: systemRandom, log: silentLog }
const storage = await openStorage({
  ...common,
  directory: join(directory, "store"),
  ...(await membership()),
  onFailure: (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exit(1)
  },
})
await startEtcd({ ...common, storage, directory: join(directory, "snapshots"), host: "127.0.0.1", port: clientPort })
process.stdout.write("ready\n")

async function membership(): Promise<Pick<StorageOptions, "membership">> {
  if (peers === undefined) return {}
  const { id, port, tls, urls } = peers
  const door = await openPeerDoor({ ...common, id, host: "127.0.0.1", port, tls })
  const address = { name: `member-${id}`, peerUrls: [door.url], clientUrls: [`http://127.0.0.1:${clientPort}`] }
  const others = new Map(urls.filter(([other]) => other !== id))
  return { membership: { id, address, founders: urls.map(([each]) => each), peers: others, connect: door.connect } }
}
