import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { administratorToken, createMany, labelSelector, labels, name, removeAll } from "../api-objects.ts"
import { namespace, type Platform } from "../platform.ts"
import { cpuMicros, residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"
import { wrk } from "../wrk.ts"

const seconds = 5
const listed = 1_000
/** Of a value: with its metadata an object of 8 KB, and a list of some 920 KB. */
const textBytes = { got: 7_700, listed: 430 }

/** GET, LIST and CREATE over HTTPS with a bearer token, keep-alive, one thread of wrk: what a busy client costs. */
export async function api(platform: Platform): Promise<void> {
  const { client, controlPid } = platform
  await removeAll(platform)
  const token = await administratorToken(platform)
  const scratch = mkdtempSync(join(tmpdir(), "wick-load-"))
  const headers = { authorization: `Bearer ${token}` }
  const maps = `${platform.api}/api/v1/namespaces/${namespace}/configmaps`
  const rows: Row[] = []
  const measure = async (title: string, connections: number, url: string, script?: string): Promise<void> => {
    const before = cpuMicros([controlPid])
    const result = await wrk({ url, headers, connections, seconds, ...(script && { script }) })
    const cpu = Math.round((cpuMicros([controlPid]) - before) / result.requests)
    const resident = Math.round(residentBytes([controlPid]) / 1_048_576)
    rows.push({ name: `${title}, ${connections}`, figures: { ...result, "CPU us/request": cpu, "RSS MiB": resident } })
  }
  await client.create(ConfigMap, { metadata: { name, namespace, labels }, data: { text: "x".repeat(textBytes.got) } })
  for (const connections of [1, 16, 64]) await measure("GET 8 KB", connections, `${maps}/${name}`)
  await measure("GET 8 KB, resourceVersion=0", 16, `${maps}/${name}?resourceVersion=0`)
  await createMany(platform, listed, textBytes.listed)
  const list = `${maps}?labelSelector=${encodeURIComponent(labelSelector)}`
  for (const connections of [1, 8]) await measure(`LIST ${listed}`, connections, list)
  for (const connections of [1, 16, 64]) {
    const script = join(scratch, `create-${connections}.lua`)
    writeFileSync(script, createScript(connections))
    await measure("CREATE", connections, maps, script)
  }
  rmSync(scratch, { recursive: true })
  await removeAll(platform)
  report("api", rows)
}

/** wrk's Lua for one POST after the other, each of another name. */
function createScript(connections: number): string {
  const metadata = `{"generateName":"load-${connections}-","labels":${JSON.stringify(labels)}}`
  return `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":${metadata},"data":{"a":"b"}}'
`
}
