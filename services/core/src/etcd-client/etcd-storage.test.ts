import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMemoryStorage } from "#store"
import { describeStorage } from "#store/contract"
import { startEtcd } from "../etcd/index.ts"
import { openPlain } from "./testing.ts"

/** Our own server's other end: every promise of the store holds through etcd's API too, on whichever etcd. */
describeStorage("a client of our own etcd API", async () => {
  const clock = new SimulatedClock()
  const served = createMemoryStorage({ clock })
  const at = { host: "127.0.0.1", port: 0, directory: "" }
  const server = await startEtcd({
    storage: served,
    ...at,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  const storage = await openPlain([server.url])
  return {
    storage,
    clock,
    dispose: async () => {
      await storage.close()
      await server[Symbol.asyncDispose]()
      await served.close()
    },
  }
})
