import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { descriptorLimit } from "@wick/sdk/descriptors"
import type { Log } from "@wick/sdk/log"

/**
 * What hosts of containers usually give (`fs.nr_open` allows no more by default). A gateway needs two for each client;
 * shells and containers often begin with 1,024 to 20,000.
 */
const descriptorsMax = 1_048_576

/**
 * Lets this process, and all that it starts, have as many file descriptors as hosts of containers usually give. Only the
 * superuser may: for others their limit stays, and gateways refuse those for whom there is no descriptor left.
 */
export async function raiseDescriptorLimit(log: Log): Promise<void> {
  const before = descriptorLimit()
  if (before >= descriptorsMax) return
  const limit = `--nofile=${descriptorsMax}:${descriptorsMax}`
  try {
    await promisify(execFile)("prlimit", ["--pid", String(process.pid), limit])
  } catch (error) {
    log.info("the limit of open files stays as it is", { limit: before, error: (error as Error).message })
  }
}
