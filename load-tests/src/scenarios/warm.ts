import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { deploy, type Platform, remove } from "../platform.ts"
import { cpuMicros, residentBytes } from "../process-cost.ts"
import { type Measured, medians, type Row, report } from "../report.ts"
import { openWays, type Way, wrkTarget } from "../ways.ts"
import { wrk } from "../wrk.ts"

const seconds = 3
const rounds = 3
/** With two the activator does more than half of its most. */
const connectionCounts = [1, 2, 16, 100]

/** Until the compilers have seen what is hot, a request costs half as much again. */
const warmUpSeconds = 5

/**
 * A warm request: client → pod, and client → proxy → pod through HAProxy, through a bare gateway on Node and through the
 * activator, in turn in each round, of which the medians are told; then through the activator with requests measured.
 */
export async function warm(platform: Platform): Promise<void> {
  await deploy(platform, "warm", { image: "fast", annotations: { "min-scale": "1", "max-scale": "1" } })
  await using ways = await openWays(platform, "warm")
  const rows = await inRounds(ways.all)
  await measureRequests(platform, "prometheus")
  rows.push(...(await inRounds([{ ...ways.activator, name: "requests measured" }])))
  await measureRequests(platform, null)
  await remove(platform, "warm")
  report("warm", rows)
}

async function inRounds(ways: readonly Way[]): Promise<Row[]> {
  for (const way of ways) await wrk({ ...wrkTarget(way), connections: 16, seconds: warmUpSeconds })
  const rows: Measured[] = []
  for (let round = 0; round < rounds; round++) {
    for (const connections of connectionCounts) for (const way of ways) rows.push(await through(way, connections))
  }
  return medians(rows)
}

async function through(way: Way, connections: number): Promise<Measured> {
  const { name, pids } = way
  const before = cpuMicros(pids)
  const result = await wrk({ ...wrkTarget(way), connections, seconds })
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
