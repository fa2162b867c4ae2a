import { type ChildProcess, execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { FrameReader, frame, putRequest, rangeRequest, watchRequest } from "#etcd-wire"
import { openStorage } from "#replication"
import { startEtcd } from "./start-etcd.ts"
import { startTheirs } from "./testing/start-pair.ts"

/**
 * etcd's API over gRPC without TLS, ours and then etcd of this machine (`ETCD_BINARIES` names another directory), each a
 * process of its own: `node services/core/src/etcd/etcd.bench.ts [name…]`. Closed loops, 256-byte values, at most a
 * hundred connections; the clients share the machine with the server, so figures say how the two compare rather than what
 * either can do. Takes about two minutes; a name runs only what begins with it.
 */
const measureMs = 1_500
const warmUpMs = 500
const keys = 10_000
const clientCounts = [1, 16, 100, 1000]
const watcherCounts = [1, 100, 1000, 10_000]
const connectionsMax = 100
/** Streams over which watchers are spread. */
const streamsMax = 10
const value = Buffer.alloc(256, 7)
const etcd = process.env.ETCD_BINARIES ? `${process.env.ETCD_BINARIES}/etcd` : "/usr/bin/etcd"

interface Figures {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** Processor time of the server for each call or event. */
  readonly cpuMicros: number
}

/** Ours, in this process. */
async function serve(directory: string): Promise<void> {
  const storage = await openStorage({ directory, clock: systemClock, log: silentLog })
  const random = seededRandom(1)
  const at = { host: "127.0.0.1", port: 0, directory }
  const { url } = await startEtcd({ storage, ...at, clock: systemClock, random, log: silentLog })
  process.send?.(url)
}

async function compare(wanted: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "wick-bench-"))
  const child = fork(fileURLToPath(import.meta.url), ["serve", directory])
  const [url] = (await once(child, "message")) as [string]
  const ours = await measureAll(url, child, wanted)
  child.kill("SIGKILL")
  await rm(directory, { recursive: true })
  await using peer = await startTheirs(etcd)
  const port = new URL(`http://${peer.endpoint}`).port
  const pid = Number(execFileSync("pgrep", ["-f", `listen-client-urls=http://127.0.0.1:${port}`], { encoding: "utf8" }))
  const theirs = await measureAll(`http://${peer.endpoint}`, { pid }, wanted)
  for (const [name, mine] of ours) {
    const other = theirs.get(name)
    if (other === undefined) continue
    const ratio = (mine.rate / other.rate).toFixed(2)
    print(`${name.padEnd(20)} ours ${text(mine)}   etcd ${text(other)}   ratio ${ratio}`)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function text({ rate, p50, p99, cpuMicros }: Figures): string {
  const latency = `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms`
  return `${String(Math.round(rate)).padStart(7)}/s ${latency.padEnd(24)} ${cpuMicros.toFixed(cpuMicros < 10 ? 1 : 0).padStart(5)} µs`
}

type Server = Pick<ChildProcess, "pid">

async function measureAll(url: string, server: Server, wanted: readonly string[]): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures>()
  const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some((start) => name.startsWith(start))
  const note = (name: string, figures: Figures): void => {
    found.set(name, figures)
    process.stderr.write(`${name.padEnd(22)} ${text(figures)}\n`)
  }
  const idleMiB = memoryOf(server.pid)
  for (const { name, path, message, counts } of calls) {
    for (const clients of counts) {
      if (isWanted(name)) note(`${name} ${clients}`, await measureCalls(url, server, clients, path, message))
    }
  }
  for (const watchers of watcherCounts) {
    if (isWanted("fan-out")) note(`fan-out ${watchers}`, await measureFanOut(url, server, watchers))
  }
  print(`${url}: ${idleMiB} MiB resident at first, ${memoryOf(server.pid)} MiB at the end`)
  return found
}

const put = (key: string): Buffer => putRequest.encode({ key, value })
const putPath = "/etcdserverpb.KV/Put"
const rangePath = "/etcdserverpb.KV/Range"
const page = rangeRequest.encode({ key: "/bench/", rangeEnd: "/bench0", limit: 1000 })
const calls = [
  { name: "put", path: putPath, message: put, counts: clientCounts },
  { name: "read", path: rangePath, message: (key: string) => rangeRequest.encode({ key }), counts: clientCounts },
  {
    name: "serializable read",
    path: rangePath,
    message: (key: string) => rangeRequest.encode({ key, serializable: true }),
    counts: clientCounts,
  },
  { name: "1,000 keys", path: rangePath, message: () => page, counts: [1, 16] },
]

async function measureCalls(
  url: string,
  server: Server,
  clients: number,
  path: string,
  message: (key: string) => Buffer,
): Promise<Figures> {
  const sessions = Array.from({ length: Math.min(clients, connectionsMax) }, () => connect(url))
  await run(sessions, clients, path, message, warmUpMs)
  const before = cpuMicrosOf(server.pid)
  const latencies = await run(sessions, clients, path, message, measureMs)
  const cpuMicros = (cpuMicrosOf(server.pid) - before) / latencies.length
  for (const session of sessions) session.destroy()
  return { rate: latencies.length / (measureMs / 1000), ...percentiles(latencies), cpuMicros }
}

function percentiles(latencies: number[]): { p50: number; p99: number } {
  latencies.sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

async function run(
  sessions: readonly ClientHttp2Session[],
  clients: number,
  path: string,
  message: (key: string) => Buffer,
  forMs: number,
): Promise<number[]> {
  const latencies: number[] = []
  const endMs = performance.now() + forMs
  let next = 0
  const client = async (_: unknown, at: number): Promise<void> => {
    const session = sessions[at % sessions.length] as ClientHttp2Session
    while (performance.now() < endMs) {
      const startMs = performance.now()
      await call(session, path, frame(message(`/bench/${next++ % keys}`)))
      latencies.push(performance.now() - startMs)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return latencies
}

const grpc = { ":method": "POST", "content-type": "application/grpc", te: "trailers" }

function call(session: ClientHttp2Session, path: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ...grpc, ":path": path })
    stream.once("trailers", (trailers) => {
      if (trailers["grpc-status"] !== "0") reject(new Error(`${path}: ${trailers["grpc-message"]}`))
    })
    stream.once("error", reject)
    stream.once("close", resolve)
    stream.resume()
    stream.end(body)
  })
}

/** Puts of one key, each begun when all that watch it have been told of the last. */
async function measureFanOut(url: string, server: Server, watchers: number): Promise<Figures> {
  const key = "/bench/watched"
  const sessions = Array.from({ length: Math.min(watchers, streamsMax) }, () => connect(url))
  let told = 0
  let wanted = 0
  let reached = (): void => {}
  const until = (count: number): Promise<void> => {
    wanted = count
    return new Promise((resolve) => {
      reached = resolve
      if (told >= wanted) resolve()
    })
  }
  const streams = sessions.map((session): ClientHttp2Stream => {
    const stream = session.request({ ...grpc, ":path": "/etcdserverpb.Watch/Watch" })
    const reader = new FrameReader(2 ** 30)
    stream.on("data", (chunk: Buffer) => {
      told += reader.push(chunk).length
      if (told >= wanted) reached()
    })
    stream.on("error", () => {})
    return stream
  })
  for (let at = 0; at < watchers; at++) {
    streams[at % streams.length]?.write(frame(watchRequest.encode({ create: { key } })))
  }
  await until(watchers)
  const writer = connect(url)
  told = 0
  let puts = 0
  const latencies: number[] = []
  const before = cpuMicrosOf(server.pid)
  const startMs = performance.now()
  while (performance.now() - startMs < measureMs) {
    const sentMs = performance.now()
    puts++
    await Promise.all([call(writer, putPath, frame(put(key))), until(puts * watchers)])
    latencies.push(performance.now() - sentMs)
  }
  const seconds = (performance.now() - startMs) / 1000
  const cpuMicros = (cpuMicrosOf(server.pid) - before) / told
  for (const session of [writer, ...sessions]) session.destroy()
  return { rate: told / seconds, ...percentiles(latencies), cpuMicros }
}

/** User and system time of a process so far; the kernel counts in hundredths of a second. */
function cpuMicrosOf(pid = 0): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

function memoryOf(pid = 0): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
  return Math.round(Number(kib) / 1024)
}

const [mode = "", ...rest] = process.argv.slice(2)
if (mode === "serve") await serve(rest[0] ?? "")
else await compare([mode, ...rest].filter((name) => name !== ""))
