/** Door for tests and benchmarks that start programs which must be told a port. */
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"

/**
 * Below what Linux gives out by itself (32768 to 60999): a port of that range may serve as somebody's source port by the
 * time it is listened at. Programs also take ports 1,000 to 3,000 above the one that they were told.
 */
const first = 10_000
const past = 30_000
const triesMax = 100

/** Different ports of loopback that nobody listened at a moment ago; at random, so that parallel runs seldom meet. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries === triesMax) throw new Error(`${count} free ports were not found in ${triesMax} tries`)
    const port = await tryPort(first + Math.floor(Math.random() * (past - first)))
    if (port !== undefined) ports.add(port)
  }
  return [...ports]
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, "127.0.0.1")
  try {
    await once(server, "listening")
  } catch {
    return undefined
  }
  const { port: taken } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return taken
}
