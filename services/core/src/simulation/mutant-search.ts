import { Worker } from "node:worker_threads"
import type { Found, Mutant } from "./mutant.ts"

/** In a thread of its own, for it has modules of its own. */
export function findMutant(mutant: Mutant): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./mutant.ts", import.meta.url), { workerData: mutant })
    worker.once("message", resolve)
    worker.once("error", reject)
  })
}
