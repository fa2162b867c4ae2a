import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { type ClientHttp2Session, connect } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { frame, putRequest, rangeRequest } from "#etcd-wire"
import { openStorage } from "#replication"
import { startEtcd } from "./start-etcd.ts"
import { startTheirs } from "./testing/start-pair.ts"

/**
 * Puts and linearizable reads over gRPC without TLS, ours and then etcd of this machine, each a process of its own:
 * `node services/core/src/etcd/etcd.bench.ts`. Closed loops, 256-byte values, one connection for each client; the
 * clients share the machine with the server, so figures say how the two compare rather than what either can do.
 */
const measureMs = 2_000
const warmUpMs = 1_000
const keys = 10_000
const clientCounts = [1, 16, 100]
const value = Buffer.alloc(256, 7)

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** Processor time of the server for each call. */
  readonly cpuMicros: number
}

if (process.argv[2] === "serve") await serve(process.argv[3] ?? "")
else await compare()

/** Ours, in this process. */
async function serve(directory: string): Promise<void> {
  const storage = await openStorage({ directory, clock: systemClock, log: silentLog })
  const random = seededRandom(1)
  const at = { host: "127.0.0.1", port: 0, directory }
  const { url } = await startEtcd({ storage, ...at, clock: systemClock, random, log: silentLog })
  process.send?.(url)
}

async function compare(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "wick-bench-"))
  const child = fork(fileURLToPath(import.meta.url), ["serve", directory])
  const [url] = (await once(child, "message")) as [string]
  const ours = await measureAll(url, child)
  child.kill("SIGKILL")
  await rm(directory, { recursive: true })
  await using peer = await startTheirs()
  const port = new URL(`http://${peer.endpoint}`).port
  const pid = Number(execFileSync("pgrep", ["-f", `listen-client-urls=http://127.0.0.1:${port}`], { encoding: "utf8" }))
  const theirs = await measureAll(`http://${peer.endpoint}`, { pid })
  for (const [name, mine] of ours) {
    const other = theirs.get(name)
    if (other === undefined) continue
    const ratio = (mine.rate / other.rate).toFixed(2)
    process.stdout.write(`${name.padEnd(16)} ours ${text(mine)}   etcd ${text(other)}   ratio ${ratio}\n`)
  }
}

function text({ rate, p50, p99, cpuMicros }: Figures): string {
  return `${String(Math.round(rate)).padStart(6)}/s p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms ${Math.round(cpuMicros)} µs`
}

async function measureAll(url: string, server: Pick<ChildProcess, "pid">): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures>()
  for (const [name, path, message] of [
    ["put", "/etcdserverpb.KV/Put", (key: string) => putRequest.encode({ key, value })],
    ["read", "/etcdserverpb.KV/Range", (key: string) => rangeRequest.encode({ key })],
  ] as const) {
    for (const clients of clientCounts) {
      const sessions = Array.from({ length: clients }, () => connect(url))
      await run(sessions, path, message, warmUpMs)
      const before = cpuMicrosOf(server.pid)
      const latencies = await run(sessions, path, message, measureMs)
      const cpuMicros = (cpuMicrosOf(server.pid) - before) / latencies.length
      for (const session of sessions) session.destroy()
      latencies.sort((a, b) => a - b)
      const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
      found.set(`${name} ${clients}`, {
        rate: latencies.length / (measureMs / 1000),
        p50: at(0.5),
        p99: at(0.99),
        cpuMicros,
      })
    }
  }
  return found
}

async function run(
  sessions: readonly ClientHttp2Session[],
  path: string,
  message: (key: string) => Buffer,
  forMs: number,
): Promise<number[]> {
  const latencies: number[] = []
  const endMs = performance.now() + forMs
  let next = 0
  const client = async (session: ClientHttp2Session): Promise<void> => {
    while (performance.now() < endMs) {
      const startMs = performance.now()
      await call(session, path, frame(message(`/bench/${next++ % keys}`)))
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(sessions.map(client))
  return latencies
}

function call(session: ClientHttp2Session, path: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const head = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" }
    const stream = session.request(head)
    stream.once("trailers", (trailers) => {
      if (trailers["grpc-status"] !== "0") reject(new Error(`${path}: ${trailers["grpc-message"]}`))
    })
    stream.once("error", reject)
    stream.once("close", resolve)
    stream.resume()
    stream.end(body)
  })
}

/** User and system time of a process so far; the kernel counts in hundredths of a second. */
function cpuMicrosOf(pid = 0): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
