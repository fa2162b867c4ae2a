import { createServer } from "node:http"
import { Session } from "node:inspector/promises"
import type { AddressInfo } from "node:net"
import type { Clock } from "../../clock/index.ts"
import type { Outlet, Place } from "./metrics-export.ts"

const secondsDefault = 30
const secondsMax = 120
/** Bytes between two allocations that a heap profile looks at. */
const samplingInterval = 32_768

/**
 * `/debug/pprof/profile?seconds=N` and `/debug/pprof/heap?seconds=N`: where this process spends its time, and what it
 * allocates, over that span. In V8's form (`.cpuprofile`, `.heapprofile`), which browsers' tools and speedscope open.
 * One at a time, since each costs.
 */
export async function startProfiles({ host, port }: Place, clock: Clock): Promise<Outlet> {
  const closing = new AbortController()
  let isBusy = false
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://profiles")
    const take = pathname === "/debug/pprof/profile" ? takeCpu : pathname === "/debug/pprof/heap" ? takeHeap : undefined
    const seconds = Number(searchParams.get("seconds") ?? secondsDefault)
    if (take === undefined) response.writeHead(404).end("profiles are at /debug/pprof/profile and /debug/pprof/heap\n")
    else if (!(seconds > 0 && seconds <= secondsMax))
      response.writeHead(400).end(`seconds must be above 0 and at most ${secondsMax}\n`)
    else if (isBusy) response.writeHead(409).end("a profile is being taken already\n")
    else {
      isBusy = true
      try {
        const profile = await take(() => clock.sleep(seconds * 1000, closing.signal).catch(() => {}))
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(profile))
      } catch (error) {
        response.writeHead(500).end(`${(error as Error).message}\n`)
      } finally {
        isBusy = false
      }
    }
  })
  // A profile is answered when its time is over.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    place: { host, port: (server.address() as AddressInfo).port },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function takeCpu(wait: () => Promise<void>): Promise<unknown> {
  return inSession(async (session) => {
    await session.post("Profiler.enable")
    await session.post("Profiler.start")
    await wait()
    return (await session.post("Profiler.stop")).profile
  })
}

async function takeHeap(wait: () => Promise<void>): Promise<unknown> {
  return inSession(async (session) => {
    await session.post("HeapProfiler.startSampling", { samplingInterval })
    await wait()
    return (await session.post("HeapProfiler.stopSampling")).profile
  })
}

async function inSession(use: (session: Session) => Promise<unknown>): Promise<unknown> {
  const session = new Session()
  session.connect()
  try {
    return await use(session)
  } finally {
    session.disconnect()
  }
}
