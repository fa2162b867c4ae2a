import { once } from "node:events"
import { constants } from "node:http2"
import { gunzipSync } from "node:zlib"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Pki } from "#pki"
import { encodeProtobuf } from "../protobuf/encode.ts"
import { startTestApi, type TestApi } from "../testing/start.ts"
import { openTestPki, startListener, type TestListener, textOf } from "../testing/start-listener.ts"
import type { Limits } from "./limits.ts"

const count = 600
const size = 20_000
const master = { name: "admin", groups: ["system:masters"] }
const path = "/api/v1/namespaces/default/configmaps"
const one = { ":path": "/api/v1/namespaces/kube-system/configmaps/small" }

let pki: Pki & AsyncDisposable
let api: TestApi

beforeAll(async () => {
  pki = await openTestPki()
  api = await startTestApi()
  const data = { text: "x".repeat(size) }
  for (let at = 0; at < count; at += 50) {
    const success = Array.from({ length: 50 }, (_, index) => {
      const metadata = { name: `large-${at + index}`, namespace: "default", uid: `${at + index}` }
      const value = Buffer.from(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }))
      return { kind: "put" as const, key: `/registry/core/configmaps/default/${metadata.name}`, value }
    })
    await api.storage.txn({ compare: [], success, failure: [] })
  }
  await api.client.create(ConfigMap, { metadata: { name: "small", namespace: "kube-system" } })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await pki[Symbol.asyncDispose]()
})

/** The API behind its listener, and what the listener says of clients that it cuts off. */
async function start(limits: Partial<Limits> = {}): Promise<{ listener: TestListener; said: Promise<string> }> {
  const said = Promise.withResolvers<string>()
  const log = { ...silentLog, info: (message: string) => said.resolve(message) }
  const listener = await startListener(pki, { fetch: (request) => api.server.handle(request, master), limits, log })
  return { listener, said: said.promise }
}

async function bytesOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** A list that goes out in parts, as an HTTP/2 client gets it. */
async function list(
  headers: Record<string, string>,
  query = "",
): Promise<{ head: Record<string, string>; bytes: Buffer }> {
  const { listener } = await start()
  await using _ = listener
  const session = listener.http2()
  const stream = session.request({ ":path": path + query, ...headers })
  const [head] = await once(stream, "response")
  const bytes = await bytesOf(stream)
  session.close()
  return { head, bytes }
}

describe("a list that is too large to be written in one go", () => {
  it("is the same list: as it is stored, squeezed, in protobuf, as a table, as metadata alone", async () => {
    const { head, bytes } = await list({})
    const whole = JSON.parse(bytes.toString())
    expect(Number(head["content-length"])).toBe(bytes.length)
    expect([whole.kind, whole.items.length, whole.items[17].data.text.length]).toEqual(["ConfigMapList", count, size])
    const squeezed = await list({ "accept-encoding": "gzip" })
    expect(squeezed.head).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" })
    expect(JSON.parse(gunzipSync(squeezed.bytes).toString())).toEqual(whole)
    const packed = await list({ accept: "application/vnd.kubernetes.protobuf" })
    expect(packed.head["content-type"]).toBe("application/vnd.kubernetes.protobuf")
    expect(packed.bytes.equals(encodeProtobuf(whole))).toBe(true)
    const table = JSON.parse((await list({ accept: "application/json;as=Table;g=meta.k8s.io;v=v1" })).bytes.toString())
    expect([table.kind, table.columnDefinitions.length, table.rows.length]).toEqual(["Table", 3, count])
    expect(table.rows[17].cells[0]).toBe(whole.items[17].metadata.name)
    const partial = await list({ accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" })
    const { kind, items } = JSON.parse(partial.bytes.toString())
    expect([kind, items.length, items[17].data]).toEqual(["PartialObjectMetadataList", count, undefined])
    const page = JSON.parse((await list({}, "?limit=100")).bytes.toString())
    expect([page.items.length, page.metadata.remainingItemCount]).toEqual([100, count - 100])
  })

  it("is no more in memory than the part that its client has not read, while others are answered", async () => {
    const { listener } = await start()
    await using _ = listener
    const session = listener.http2()
    const before = process.memoryUsage().arrayBuffers
    const stalled = Array.from({ length: 40 }, () => session.request({ ":path": path }))
    await Promise.all(stalled.map((stream) => once(stream, "response")))
    expect(JSON.parse(await textOf(session.request(one)))).toMatchObject({ metadata: { name: "small" } })
    // Whole, the 40 answers would be 480 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
    session.close()
  })
})

describe("a client that stops reading", () => {
  it.each(["http/1.1", "h2"])("a list is cut off after the time it has, and nobody else is (%s)", async (protocol) => {
    const { listener, said } = await start({ stalledMsMax: 200 })
    await using _ = listener
    const others = listener.http2()
    const slow = listener.http2()
    const socket = protocol === "h2" ? undefined : await listener.raw()
    const stream = socket ?? slow.request({ ":path": path })
    socket?.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    expect(await said).toBe("a client that does not read its answer was cut off")
    expect((await textOf(stream)).length).toBeLessThan(count * size)
    if ("rstCode" in stream) expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    expect(JSON.parse(await textOf(others.request(one)))).toMatchObject({ metadata: { name: "small" } })
    others.close()
    slow.close()
  })

  it.each(["http/1.1", "h2"])("a large answer that was written in one go is cut off too (%s)", async (protocol) => {
    const data = { text: "x".repeat(1_000_000) }
    const named = { name: protocol.replace("/", "-"), namespace: "kube-system" }
    await api.client.create(ConfigMap, { metadata: named, data })
    const { listener, said } = await start({ stalledMsMax: 200 })
    await using _ = listener
    const session = listener.http2()
    const large = `/api/v1/namespaces/kube-system/configmaps/${named.name}`
    const socket = protocol === "h2" ? undefined : await listener.raw()
    for (let times = 0; times < 20; times++) {
      socket?.write(`GET ${large} HTTP/1.1\r\nHost: a\r\n\r\n`)
      if (!socket) session.request({ ":path": large })
    }
    expect(await said).toBe("a client that does not read its answer was cut off")
    if (socket) expect((await textOf(socket)).length).toBeLessThan(20_000_000)
    session.close()
  })

  it("a watch is cut off when it is 16 MiB behind, others see everything, and it cannot go on from where it was", async () => {
    const { listener } = await start()
    await using _ = listener
    const watch = "/api/v1/namespaces/busy/configmaps?watch=true"
    const reader = listener.http2()
    const stopped = listener.http2()
    const raw = await listener.raw()
    raw.write(`GET ${watch} HTTP/1.1\r\nHost: a\r\n\r\n`)
    const lagging = stopped.request({ ":path": watch })
    const reading = reader.request({ ":path": watch })
    await Promise.all([once(lagging, "response"), once(reading, "response"), once(raw, "readable")])
    const { metadata } = await api.client.create(ConfigMap, { metadata: { name: "busy", namespace: "busy" } })
    const seen = linesOf(reading)
    await seen.next()
    const closed = new Promise((resolve) => lagging.once("close", resolve))
    for (let at = 0; at < 30; at++) {
      const data = { text: `${at}`.padEnd(900_000, "x") }
      const named = { name: "busy", namespace: "busy" }
      await api.client.patch(ConfigMap, named, { type: "merge", body: { data } })
      expect(JSON.parse((await seen.next()).value as string).object.data).toEqual(data)
    }
    await closed
    expect(lagging.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    const text = await textOf(raw)
    expect(text.endsWith("\r\n0\r\n\r\n")).toBe(false)
    expect(text.length).toBeLessThan(27_000_000)
    const again = reader.request({ ":path": `${watch}&resourceVersion=${metadata.resourceVersion}` })
    expect(JSON.parse(await textOf(again))).toMatchObject({ type: "ERROR", object: { code: 410, reason: "Expired" } })
    reader.close()
    stopped.close()
  })

  it("a watch that begins with much is sent it as fast as it reads, and then what has happened since", async () => {
    const { listener } = await start()
    await using _ = listener
    const session = listener.http2()
    const query = "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    const before = process.memoryUsage().arrayBuffers
    const stream = session.request({ ":path": path + query })
    await once(stream, "response")
    await api.client.create(ConfigMap, { metadata: { name: "later", namespace: "default" } })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000)
    const events: { type: string; object: ConfigMap }[] = []
    for await (const line of linesOf(stream)) if (events.push(JSON.parse(line)) === count + 2) break
    expect(events.slice(0, count).every(({ type }) => type === "ADDED")).toBe(true)
    expect(events.slice(count).map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ["BOOKMARK", undefined],
      ["ADDED", "later"],
    ])
    session.close()
  })
})

async function* linesOf(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  let rest = ""
  for await (const chunk of stream) {
    const parts = (rest + String(chunk)).split("\n")
    rest = parts.pop() ?? ""
    yield* parts
  }
}
