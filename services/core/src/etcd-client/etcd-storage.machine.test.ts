import { execFileSync } from "node:child_process"
import { systemClock } from "@wick/sdk/clock"
import { describeStorage } from "#store/contract"
import { startTheirs } from "../etcd/testing/start-pair.ts"
import { madeAhead } from "../testing/made-ahead.ts"
import { openPlain } from "./testing.ts"

const binary = process.env.ETCD_BINARIES ? `${process.env.ETCD_BINARIES}/etcd` : "/usr/bin/etcd"

const forgetsDeletions = execFileSync(binary, ["--version"], { encoding: "utf8" }).includes("etcd Version: 3.4.")

/** A prefix is one thing more to get right; the platform's own end-to-end test on an etcd has none. */
const prefix = "/others/and/wick"

const start = madeAhead(2, () => startTheirs(binary))

describeStorage(`a client of etcd itself, its keys behind "${prefix}"`, async () => {
  const server = await start()
  const storage = await openPlain([`http://${server.endpoint}`], prefix)
  return {
    storage,
    clock: { advance: (ms) => systemClock.sleep(ms) },
    // The shortest that etcd grants; on a busy machine an answer takes a while.
    lease: { seconds: 2, share: 0.5 },
    forgetsDeletions,
    dispose: async () => {
      await storage.close()
      await server[Symbol.asyncDispose]()
    },
  }
})
