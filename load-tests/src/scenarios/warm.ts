import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { startHaproxy } from "../haproxy.ts"
import { startPlainGateway } from "../plain-gateway.ts"
import { deploy, type Platform, podsOf, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf, residentBytes } from "../process-cost.ts"
import { type Measured, medians, type Row, report } from "../report.ts"
import { wrk } from "../wrk.ts"

const seconds = 3
const rounds = 3
const connectionCounts = [1, 16, 100]

/** Until the compilers have seen what is hot, a request costs half as much again. */
const warmUpSeconds = 5

/**
 * A warm request: client → pod, and client → proxy → pod through HAProxy, through a bare gateway on Node and through the
 * activator, in turn in each round, of which the medians are told; and the last with requests measured.
 */
export async function warm(platform: Platform): Promise<void> {
  await deploy(platform, "warm", { image: "fast", annotations: { "min-scale": "1", "max-scale": "1" } })
  const address = `${(await podsOf(platform, "warm"))[0]?.status?.podIP}:8080`
  const { host, port } = target(platform, "warm")
  await using haproxy = await startHaproxy(address)
  await using plain = await startPlainGateway(address)
  const at = (port: number): string => `http://127.0.0.1:${port}/`
  const activator = { name: "activator", url: at(port), host, pids: pidsOf("services/activator/src/main.ts") }
  const ways = [
    { name: "direct", url: `http://${address}/`, host, pids: [] },
    { name: "HAProxy", url: at(haproxy.port), host, pids: haproxy.pids },
    { name: "bare Node gateway", url: at(plain.port), host, pids: plain.pids },
    activator,
  ]
  const rows = await inRounds(ways)
  await measureRequests(platform, "prometheus")
  rows.push(...(await inRounds([{ ...activator, name: "requests measured" }])))
  await measureRequests(platform, null)
  await remove(platform, "warm")
  report("warm", rows)
}

interface Way {
  readonly name: string
  readonly url: string
  readonly host: string
  readonly pids: readonly number[]
}

async function inRounds(ways: readonly Way[]): Promise<Row[]> {
  for (const { url, host } of ways) await wrk({ url, host, connections: 16, seconds: warmUpSeconds })
  const rows: Measured[] = []
  for (let round = 0; round < rounds; round++) {
    for (const connections of connectionCounts) for (const way of ways) rows.push(await through(way, connections))
  }
  return medians(rows)
}

async function through({ name, url, host, pids }: Way, connections: number): Promise<Measured> {
  const before = cpuMicros(pids)
  const result = await wrk({ url, host, connections, seconds })
  const cpu = Math.round((cpuMicros(pids) - before) / result.requests)
  const resident = Math.round(residentBytes(pids) / 1_048_576)
  return { name: `${name}, ${connections}`, figures: { ...result, "CPU us/request": cpu, "RSS MiB": resident } }
}

/** What Knative's queue-proxy would count; off unless the operators want it. */
async function measureRequests({ client }: Platform, protocol: "prometheus" | null): Promise<void> {
  const observability = { name: "config-observability", namespace: "knative-serving" }
  await client.patch(ConfigMap, observability, {
    type: "merge",
    body: { data: { "request-metrics-protocol": protocol } },
  })
}
