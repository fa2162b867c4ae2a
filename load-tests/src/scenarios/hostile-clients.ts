import { connect } from "node:net"
import { connect as tlsConnect } from "node:tls"
import { Service } from "@wick/sdk/api/serving/service"
import { counted, drip, type Ends, largeBody, mirrored, mirroredByH2, neverRead, resetStreams } from "../hostile.ts"
import { Latency } from "../latency.ts"
import { openLoopUntil } from "../open-loop.ts"
import { deploy, namespace, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf, residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const name = "hostile"
const megabyte = 1024 * 1024
const bodyBytes = 100 * megabyte
const timeoutSeconds = 20
const besidePerSecond = 50
const lookEveryMs = 200
/** From when a connection is given a minute for its head to when that is looked at, every half minute. */
const headSeconds = 100
const apiHeadSeconds = 40

/**
 * Clients that are slow, deaf, greedy or broken, at the gateway and at the API: what they are told, what they cost the
 * process that they are connected to, and whether others feel them.
 */
export async function hostileClients(platform: Platform): Promise<void> {
  await deploy(platform, name, { image: "mirror", annotations: { "min-scale": "1", "max-scale": "1" }, timeoutSeconds })
  const { port, host } = target(platform, name)
  const apiPort = Number(new URL(platform.api).port)
  const client = (): ReturnType<typeof connect> => connect(port, "127.0.0.1")
  const apiClient = (): ReturnType<typeof connect> =>
    tlsConnect({ port: apiPort, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] })
  const head = `host: ${host}\r\n`
  const many = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, one))
  const whole = (sizes: readonly number[]): Ends => ({ whole: sizes.filter((size) => size >= bodyBytes).length })
  const attacks: Record<string, () => Promise<Ends>> = {
    "1,000 heads by drops": () => drip(client, 1_000, `GET / HTTP/1.1\r\n${head}x-a: `, headSeconds),
    "300 bodies by drops": () =>
      drip(client, 300, `POST / HTTP/1.1\r\n${head}content-length: 1000000\r\n\r\n`, 2 * timeoutSeconds),
    "100 that read nothing of 100 MB": () =>
      neverRead(port, `GET /${bodyBytes} HTTP/1.1\r\n${head}\r\n`, 100, timeoutSeconds + 5),
    "4 × 100 MB each way": async () => whole(await many(4, () => mirrored(port, host, bodyBytes))),
    "4 × 100 MB each way by HTTP/2": async () => whole(await many(4, () => mirroredByH2(port, host, bodyBytes))),
    "streams opened and reset": () => resetStreams(port, host, 100_000),
    "API: 1,000 heads by drops": () => drip(apiClient, 1_000, "GET /api HTTP/1.1\r\nhost: x\r\nx-a: ", apiHeadSeconds),
    "API: 20 bodies of 100 MB": async () => counted(await many(20, () => largeBody(apiPort, bodyBytes))),
  }
  const rows: Row[] = []
  for (const [attack, run] of Object.entries(attacks)) rows.push(await under(platform, attack, run))
  await remove(platform, name)
  report("hostile-clients", rows)
}

async function under(platform: Platform, attack: string, run: () => Promise<Ends>): Promise<Row> {
  const isApi = attack.startsWith("API")
  const pids = isApi ? [platform.controlPid] : pidsOf("services/activator/src/main.ts")
  const before = residentBytes(pids)
  const cpuBefore = cpuMicros(pids)
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, residentBytes(pids))
  }, lookEveryMs)
  const ended = new AbortController()
  const beside = isApi ? readBeside(platform, ended.signal) : askBeside(platform, ended.signal)
  const startedAt = performance.now()
  const ends = await run()
  const seconds = (performance.now() - startedAt) / 1_000
  const cpu = (cpuMicros(pids) - cpuBefore) / 1_000_000
  ended.abort()
  clearInterval(look)
  process.stdout.write(`${attack}: ${JSON.stringify(ends)}\n`)
  const figures = {
    seconds: Math.round(seconds),
    "MiB more at most": Math.round((most - before) / megabyte),
    "CPU s": cpu.toFixed(1),
    ...(await beside),
  }
  return { name: attack, figures }
}

async function askBeside(platform: Platform, until: AbortSignal): Promise<Record<string, number>> {
  const { latency, failed } = await openLoopUntil(target(platform, name, "/1"), besidePerSecond, until)
  return { "beside p50": latency.p50, "beside p99": latency.p99, "beside failed": failed }
}

async function readBeside(platform: Platform, until: AbortSignal): Promise<Record<string, number>> {
  const latency = new Latency()
  while (!until.aborted) {
    const startedAt = performance.now()
    await platform.client.get(Service, { name, namespace })
    latency.record(performance.now() - startedAt)
    await new Promise((resolve) => setTimeout(resolve, 1_000 / besidePerSecond))
  }
  const { p50, p99 } = latency.summary()
  return { "beside p50": p50, "beside p99": p99, "beside failed": 0 }
}
