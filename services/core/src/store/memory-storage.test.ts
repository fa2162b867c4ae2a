import { SimulatedClock } from "@wick/sdk/clock"
import { createMemoryStorage } from "./memory-storage.ts"
import { describeStorage } from "./storage.contract.ts"

describeStorage("in memory", async () => {
  const clock = new SimulatedClock()
  const storage = createMemoryStorage({ clock })
  return { storage, clock, dispose: () => storage.close() }
})
