/** Door for tests and benchmarks that start programs which must be told a port. */
import { once } from "node:events"
import { createServer } from "node:net"

/**
 * Below what Linux gives out by itself (32768 to 60999): a port of that range may serve as somebody's source port by the
 * time it is listened at.
 */
const first = 10_000
const past = 30_000
/** Programs also take ports above the one that they were told, so only the first thousand of each four are given out. */
const offsets = [0, 1_000, 2_000, 3_000]
const blockSize = 4_000
const toldPerBlock = 1_000
/** There may be several of a program, which take one port after the other. */
const apart = 4
/** Processes of one run of tests: each gives out ports of its own, so that what two begin at the same time never meets. */
const shares = 2
const share = Number(process.env.VITEST_POOL_ID ?? 0) % shares
const triesMax = 100
/** Given out by this process, and perhaps not listened at yet. */
const lately = new Set<number>()
const latelyMax = 200

/** Different ports of loopback that nobody listened at a moment ago; at random, so that parallel runs seldom meet. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === triesMax) throw new Error(`${count} free ports were not found in ${triesMax} tries`)
    const port = anyPort()
    if (lately.has(port)) continue
    lately.add(port)
    if (await areFree(offsets.map((offset) => port + offset))) ports.push(port)
  }
  for (const port of [...lately].slice(0, -latelyMax)) lately.delete(port)
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

function anyPort(): number {
  const block = below((past - first) / blockSize)
  const place = below(toldPerBlock / apart / shares)
  return first + block * blockSize + (place * shares + share) * apart
}

function below(bound: number): number {
  return Math.floor(Math.random() * bound)
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = createServer().listen(port, "127.0.0.1")
    try {
      await once(server, "listening")
    } catch {
      return false
    }
    server.close()
    await once(server, "close")
  }
  return true
}
