import { createServer, type Server } from "node:net"
import type { Clock } from "@wick/sdk/clock"

/** A turn takes some 100 ms; whoever has waited this long waits for a process that is stopped. */
const waitMsMax = 10_000
const retryMs = 10
/** In Linux' abstract namespace: each network namespace has its own, as it has its own routes. */
const name = "\0wick-network-ranges"

/**
 * Does something while no other Wick of this network namespace does. Of two that look for free address ranges at the same
 * moment, both would take the same. The kernel lets the lock go with the process, however that ends.
 */
export async function whileRangesAreOurs<Result>(clock: Clock, action: () => Promise<Result>): Promise<Result> {
  const lock = await take(clock)
  try {
    return await action()
  } finally {
    await new Promise((resolve) => lock.close(resolve))
  }
}

async function take(clock: Clock): Promise<Server> {
  const deadline = clock.monotonic() + waitMsMax
  for (;;) {
    const lock = await tryToTake()
    if (lock) return lock
    if (clock.monotonic() >= deadline) {
      throw new Error(
        "another Wick on this host has been setting its network up for 10 s: end it (wick down --home …), then start again",
      )
    }
    await clock.sleep(retryMs)
  }
}

function tryToTake(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined)
      else reject(error)
    })
    server.listen(name, () => resolve(server))
  })
}
