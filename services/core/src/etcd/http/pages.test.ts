import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { connect } from "node:http2"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, expect, it } from "vitest"
import { alarmAction, alarmRequest, alarmResponse, alarmType } from "#etcd-wire"
import { openPki, type Pki } from "#pki"
import { createMemoryStorage } from "#store"
import { type EtcdServer, startEtcd } from "../start-etcd.ts"
import { GrpcClient } from "../testing/grpc-client.ts"

let directory: string
let pki: Pki
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-etcd-"))
  const names = { serverNames: ["127.0.0.1"], clusterDomain: "cluster.local" }
  pki = await openPki({ directory, ...names, clock: systemClock, log: silentLog })
})
afterAll(() => rm(directory, { recursive: true }))

function start(secure: boolean): Promise<EtcdServer> {
  const clock = new SimulatedClock()
  const tls = secure ? { ...pki, organizations: ["system:masters"] } : undefined
  const at = { directory, host: "127.0.0.1", port: 0 }
  return startEtcd({
    storage: createMemoryStorage({ clock }),
    ...at,
    tls,
    clock,
    random: seededRandom(1),
    log: silentLog,
  })
}

/** A page over HTTP/1.1 and TLS, asked for by a member of a group. */
async function page(server: EtcdServer, path: string, group = "system:masters"): Promise<[number | undefined, string]> {
  const own = await pki.issueClient("ann", [group])
  const asked = request(`${server.url}${path}`, {
    ca: pki.authorityPem,
    cert: own.certificatePem,
    key: own.privateKeyPem,
  })
  asked.end()
  const [answer] = await once(asked, "response")
  let body = ""
  for await (const chunk of answer) body += chunk
  return [answer.statusCode, body]
}

it("over HTTP/1.1, etcd's pages say how it is, which release it is, and its figures, to who may come in", async () => {
  await using server = await start(true)
  expect(await page(server, "/health")).toEqual([200, '{"health":"true","reason":""}'])
  expect(await page(server, "/version")).toEqual([200, '{"etcdserver":"3.5.16","etcdcluster":"3.5.0"}'])
  const [status, figures] = await page(server, "/metrics")
  expect(status).toBe(200)
  expect(figures).toContain("\netcd_server_has_leader 1\n")
  expect(figures).toContain("\netcd_debugging_mvcc_current_revision 1\n")
  expect((await page(server, "/other"))[0]).toBe(404)
  expect((await page(server, "/health", "others"))[0]).toBe(403)
})

it("over HTTP/2 the same port answers pages and gRPC, and an alarm shows in both", async () => {
  await using server = await start(false)
  using client = new GrpcClient(new URL(server.url).host)
  const raise = { action: alarmAction.activate, alarm: alarmType.noSpace }
  await client.call("/etcdserverpb.Maintenance/Alarm", alarmRequest, alarmResponse, raise)
  const session = connect(server.url)
  const health = async (query: string): Promise<[number, string]> => {
    const stream = session.request({ ":path": `/health${query}` })
    const [headers] = await once(stream, "response")
    let body = ""
    for await (const chunk of stream) body += chunk
    return [headers[":status"], body]
  }
  expect(await health("")).toEqual([503, '{"health":"false","reason":"ALARM NOSPACE"}'])
  expect(await health("?exclude=NOSPACE&serializable=true")).toEqual([200, '{"health":"true","reason":""}'])
  session.close()
})
