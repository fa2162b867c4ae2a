import { once } from "node:events"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { ApiConnection, paced } from "../api-connection.ts"
import { administratorToken, createMany, labelSelector, labels, name, removeAll } from "../api-objects.ts"
import { namespace, type Platform } from "../platform.ts"
import { residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const objects = 50_000
const objectBytes = 1_000
const getsPerSecond = 100
const listsEach = 5
const stalledReaders = 100
const stalledMs = 10_000
const small = "small"

/** Small requests while others list 50,000 objects, and while a hundred clients have stopped reading such a list. */
export async function apiOverload(platform: Platform): Promise<void> {
  const { client } = platform
  await removeAll(platform)
  const token = await administratorToken(platform)
  await createMany(platform, objects, objectBytes)
  await client.create(ConfigMap, { metadata: { name: `${name}-${small}`, namespace: "kube-public", labels } })
  const rows: Row[] = [await probed(platform, token, "nothing else", () => wait(stalledMs / 2))]
  const forms = {
    JSON: "application/json",
    protobuf: "application/vnd.kubernetes.protobuf",
    table: "application/json;as=Table;g=meta.k8s.io;v=v1",
  }
  for (const [form, accept] of Object.entries(forms)) {
    rows.push(await probed(platform, token, `2 list ${objects}, ${form}`, () => lists(platform, token, accept)))
  }
  rows.push(await probed(platform, token, `${stalledReaders} stopped in a list`, () => stall(platform, token)))
  await client.delete(ConfigMap, { name: `${name}-${small}`, namespace: "kube-public" })
  await removeAll(platform)
  report("api-overload", rows)
}

const list = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=${encodeURIComponent(labelSelector)}`

async function probed(platform: Platform, token: string, title: string, load: () => Promise<object>): Promise<Row> {
  const connection = new ApiConnection(platform, token)
  const path = `/api/v1/namespaces/kube-public/configmaps/${name}-${small}`
  const ended = new AbortController()
  const before = residentBytes([platform.controlPid])
  let most = before
  const probing = paced(getsPerSecond, ended.signal, async () => {
    most = Math.max(most, residentBytes([platform.controlPid]))
    return (await connection.ask(path)).status === 200
  })
  const figures = await load().finally(() => ended.abort())
  const { latency, failed } = await probing
  connection.close()
  const { p50, p99, max } = latency.summary()
  return {
    name: title,
    figures: { "GET p50": p50, p99, max, failed, ...figures, "RSS MiB more": Math.round((most - before) / 1_048_576) },
  }
}

/** Two clients, each one list after the other. */
async function lists(platform: Platform, token: string, accept: string): Promise<object> {
  const startedAt = performance.now()
  const one = async (): Promise<void> => {
    const connection = new ApiConnection(platform, token)
    for (let times = 0; times < listsEach; times++) {
      const { status } = await connection.ask(list, { accept })
      if (status !== 200) throw new Error(`a list was answered with ${status}`)
    }
    connection.close()
  }
  await Promise.all([one(), one()])
  return { "list ms": Math.round((performance.now() - startedAt) / listsEach) }
}

async function stall(platform: Platform, token: string): Promise<object> {
  const connections = Array.from({ length: stalledReaders }, () => new ApiConnection(platform, token))
  await Promise.all(connections.map((connection) => once(connection.open(list), "response")))
  await wait(stalledMs)
  for (const connection of connections) connection.close()
  return {}
}

async function wait(ms: number): Promise<object> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return {}
}
