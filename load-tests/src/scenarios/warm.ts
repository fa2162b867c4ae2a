import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { startHaproxy } from "../haproxy.ts"
import { deploy, type Platform, podsOf, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf, residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"
import { wrk } from "../wrk.ts"

const seconds = 5
const connectionCounts = [1, 16, 100]

/** A warm request: client → pod, client → HAProxy → pod, client → activator → pod, in turn in one run; and the last with requests measured. */
export async function warm(platform: Platform): Promise<void> {
  await deploy(platform, "warm", { image: "fast", annotations: { "min-scale": "1", "max-scale": "1" } })
  const address = `${(await podsOf(platform, "warm"))[0]?.status?.podIP}:8080`
  const { host, port } = target(platform, "warm")
  await using haproxy = await startHaproxy(address)
  const activators = pidsOf("services/activator/src/main.ts")
  const ways = [
    { name: "direct", url: `http://${address}/`, pids: [] },
    { name: "haproxy", url: `http://127.0.0.1:${haproxy.port}/`, pids: haproxy.pids },
    { name: "activator", url: `http://127.0.0.1:${port}/`, pids: activators },
  ]
  const rows: Row[] = []
  for (const connections of connectionCounts) {
    for (const way of ways) rows.push(await through(way, connections, host))
  }
  await measureRequests(platform, "prometheus")
  for (const connections of connectionCounts) {
    rows.push(
      await through(
        { name: "requests measured", url: `http://127.0.0.1:${port}/`, pids: activators },
        connections,
        host,
      ),
    )
  }
  await measureRequests(platform, null)
  await remove(platform, "warm")
  report("warm", rows)
}

interface Way {
  readonly name: string
  readonly url: string
  readonly pids: readonly number[]
}

async function through({ name, url, pids }: Way, connections: number, host: string): Promise<Row> {
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
