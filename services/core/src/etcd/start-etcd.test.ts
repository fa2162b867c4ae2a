import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { type ClientHttp2Session, connect } from "node:http2"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client, credentials, type ServiceError } from "@grpc/grpc-js"
import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { keepAliveRequest, keepAliveResponse, putRequest, putResponse, rangeRequest, rangeResponse } from "#etcd-wire"
import { openPki, type Pki } from "#pki"
import { createMemoryStorage } from "#store"
import { messageSizeMax } from "./limits.ts"
import { type EtcdServer, startEtcd } from "./start-etcd.ts"

const grpcOk = 0
const permissionDenied = 7
const unimplemented = 12

let directory: string
let pki: Pki
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-etcd-"))
  const names = { serverNames: ["127.0.0.1"], clusterDomain: "cluster.local" }
  pki = await openPki({ directory, ...names, clock: systemClock, log: silentLog })
})
afterAll(() => rm(directory, { recursive: true }))

function start(given: { tls?: boolean } = {}): Promise<EtcdServer> {
  const clock = new SimulatedClock()
  return startEtcd({
    storage: createMemoryStorage({ clock }),
    directory,
    host: "127.0.0.1",
    port: 0,
    tls: given.tls ? { ...pki, organizations: ["system:masters"] } : undefined,
    clock,
    random: seededRandom(1),
    log: silentLog,
  })
}

/** One call by the usual library for gRPC. */
function call<Given extends object, Answer>(
  client: Client,
  path: string,
  request: { encode(message: Given): Buffer },
  response: { decode(bytes: Buffer): Answer },
  given: Given,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: Given) => request.encode(message),
      (bytes) => response.decode(bytes),
      given,
      { deadline: Date.now() + 10_000 },
      (error, answer) => (error || answer === undefined ? reject(error) : resolve(answer)),
    )
  })
}

const put = (client: Client, value: Buffer) =>
  call(client, "/etcdserverpb.KV/Put", putRequest, putResponse, { key: "a", value })

function codeOf(promise: Promise<unknown>): Promise<number> {
  return promise.then(
    () => grpcOk,
    (error: ServiceError) => error.code,
  )
}

describe("over TLS", () => {
  const clientWith = async (server: EtcdServer, groups?: readonly string[]): Promise<Client> => {
    const own = groups && (await pki.issueClient("ann", groups))
    const ca = Buffer.from(pki.authorityPem)
    const pair = own ? ([Buffer.from(own.privateKeyPem), Buffer.from(own.certificatePem)] as const) : ([] as const)
    // By name: the library has no way to ask for a certificate of an address.
    return new Client(`localhost:${new URL(server.url).port}`, credentials.createSsl(ca, ...pair))
  }

  it("lets in administrators of the cluster, and neither other users of it nor anybody without a certificate", async () => {
    await using server = await start({ tls: true })
    const outcomes: number[] = []
    for (const groups of [["system:masters"], ["other", "system:masters"], ["system:nodes"], [], undefined]) {
      using closing = new DisposableStack()
      const client = closing.adopt(await clientWith(server, groups), (each) => each.close())
      outcomes.push(await codeOf(put(client, Buffer.from("1"))))
    }
    const unavailable = 14
    expect(outcomes).toEqual([grpcOk, grpcOk, permissionDenied, permissionDenied, unavailable])
  })
})

describe("a call", () => {
  it("larger than a request may be is refused, and the connection goes on", async () => {
    await using server = await start()
    using closing = new DisposableStack()
    const plain = new Client(new URL(server.url).host, credentials.createInsecure())
    const client = closing.adopt(plain, (each) => each.close())
    await expect(put(client, Buffer.alloc(messageSizeMax + 1))).rejects.toMatchObject({ code: 8 })
    await expect(put(client, Buffer.alloc(messageSizeMax - 100))).rejects.toMatchObject({
      code: 3,
      details: "etcdserver: request is too large",
    })
    await put(client, Buffer.alloc(1_400_000))
    const found = await call(client, "/etcdserverpb.KV/Range", rangeRequest, rangeResponse, { key: "a" })
    expect(found.kvs[0]?.value.length).toBe(1_400_000)
  })

  it("of a method that there is not is told so", async () => {
    await using server = await start()
    using closing = new DisposableStack()
    const plain = new Client(new URL(server.url).host, credentials.createInsecure())
    const client = closing.adopt(plain, (each) => each.close())
    expect(await codeOf(call(client, "/etcdserverpb.KV/None", rangeRequest, rangeResponse, {}))).toBe(unimplemented)
  })

  it("that is no gRPC, or is cut off, or is nonsense leaves the server as it was", async () => {
    await using server = await start()
    const session = connect(server.url)
    for (const body of ["", "00", "0000000005", "0000000002ffff", "0100000000", "00ffffffff"]) {
      expect(await statusOf(session, "/etcdserverpb.KV/Put", Buffer.from(body, "hex"))).toMatch(/^\d+$/)
      expect(await statusOf(session, "/etcdserverpb.Watch/Watch", Buffer.from(body, "hex"))).toMatch(/^\d+$/)
    }
    const ranged = Buffer.concat([Buffer.from("0000000003", "hex"), rangeRequest.encode({ key: "a" })])
    expect(await statusOf(session, "/etcdserverpb.KV/Range", ranged)).toBe("0")
    session.close()
  })
})

describe("a stream of renewals", () => {
  it("answers each in order, a lease that is over with no time left", async () => {
    await using server = await start()
    using closing = new DisposableStack()
    const plain = new Client(new URL(server.url).host, credentials.createInsecure())
    const client = closing.adopt(plain, (each) => each.close())
    const stream = client.makeBidiStreamRequest(
      "/etcdserverpb.Lease/LeaseKeepAlive",
      (given: { id: number }) => keepAliveRequest.encode(given),
      (bytes) => keepAliveResponse.decode(bytes),
    )
    for (const id of [5, 6, 7]) stream.write({ id })
    stream.end()
    const answers: { id: number; ttl: number }[] = []
    for await (const { id, ttl } of stream) answers.push({ id, ttl })
    expect(answers).toEqual([5, 6, 7].map((id) => ({ id, ttl: 0 })))
  })
})

async function statusOf(session: ClientHttp2Session, path: string, body: Buffer): Promise<string> {
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" })
  let status = ""
  stream.on("response", (headers) => (status ||= String(headers["grpc-status"] ?? "")))
  stream.on("trailers", (headers) => (status ||= String(headers["grpc-status"] ?? "")))
  stream.resume()
  stream.end(body)
  await once(stream, "close")
  return status
}
