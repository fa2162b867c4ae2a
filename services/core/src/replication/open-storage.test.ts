import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { describeStorage } from "#store/contract"
import { openStorage } from "./open-storage.ts"

describeStorage("one member on a disk", async () => {
  const directory = await mkdtemp(join(tmpdir(), "wick-store-"))
  const clock = new SimulatedClock()
  const storage = await openStorage({ directory, clock, log: silentLog })
  return {
    storage,
    clock,
    dispose: async () => {
      await storage.close()
      await rm(directory, { recursive: true })
    },
  }
})
