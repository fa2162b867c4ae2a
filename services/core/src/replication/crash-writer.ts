import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { openStorage } from "./open-storage.ts"

/**
 * What crash.test.ts kills: writes keys by several callers at once and tells each on stdout once it is acknowledged.
 * Arguments: directory, number to begin with.
 */
const [directory = "", from = "0"] = process.argv.slice(2)
const callers = 8
const storage = await openStorage({ directory, clock: systemClock, log: silentLog })
let next = Number(from)

async function write(): Promise<never> {
  for (;;) {
    const number = next++
    const key = `key-${number}`
    // Sizes from one byte to some pages, so that writes are torn in every way; contents that tell if they are.
    const value = Buffer.alloc(1 + ((number * 7919) % 6000), `${key};`)
    await storage.txn({ compare: [], success: [{ kind: "put", key, value }], failure: [] })
    process.stdout.write(`${number}\n`)
  }
}

await Promise.all(Array.from({ length: callers }, write))
