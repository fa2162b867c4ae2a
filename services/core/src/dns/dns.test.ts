import { createSocket } from "node:dgram"
import { once } from "node:events"
import { connect } from "node:net"
import { createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED, TRUNCATED_RESPONSE } from "dns-packet"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { FrameReader, frame } from "./frame.ts"
import { parseResolvers } from "./host-resolvers.ts"
import { type Dns, startDns } from "./start-dns.ts"

const http = { name: "http", protocol: "TCP", port: 80 }
const service = (name: string, spec: object): object => ({ metadata: { name, namespace: "default", uid: name }, spec })
const slice = (name: string, ...endpoints: object[]): object => ({
  metadata: { name, namespace: "default", uid: name, labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints,
  ports: [{ ...http, port: 8080 }],
})
const endpoint = (address: string, more: object = {}): object => ({
  addresses: [address],
  conditions: { ready: true },
  ...more,
})
const crowd = Array.from({ length: 200 }, (_, index) => endpoint(`10.234.1.${index}`))
const objects: Record<string, object[]> = {
  services: [
    service("hello", { type: "ClusterIP", clusterIP: "10.235.0.4", ports: [http] }),
    service("db", { type: "ClusterIP", clusterIP: "None", ports: [http] }),
    service("crowd", { type: "ClusterIP", clusterIP: "None", ports: [http] }),
    service("alias", { type: "ExternalName", externalName: "hello.default.svc.cluster.local" }),
    service("outside", { type: "ExternalName", externalName: "example.test" }),
    service("ring", { type: "ExternalName", externalName: "ring.default.svc.cluster.local" }),
  ],
  endpointslices: [
    slice(
      "db",
      endpoint("10.234.0.5", { hostname: "db-0" }),
      endpoint("10.234.0.6"),
      endpoint("10.234.0.7", { conditions: { ready: false } }),
    ),
    slice("crowd", ...crowd),
  ],
}
const informers = createInformers(
  createClient({
    fetch: async (request) => {
      const url = new URL(request.url)
      if (url.searchParams.has("watch")) return new Response(new ReadableStream())
      const items = objects[url.pathname.split("/").at(-1) ?? ""]
      return Response.json({ metadata: { resourceVersion: "1" }, items })
    },
  }),
  systemClock,
  silentLog,
)

/** A resolver outside: knows one name. */
const upstream = createSocket("udp4")
upstream.on("message", (message, from) => {
  const query = decode(message)
  const [question = { name: "", type: "A" }] = query.questions ?? []
  const known = question.name === "example.test"
  const answers = known ? [{ name: question.name, type: "A", ttl: 60, data: "192.0.2.7" }] : []
  const reply = encode({ id: query.id, type: "response", flags: known ? 0 : 3, questions: [question], answers })
  upstream.send(reply, from.port, from.address)
})

const zone = "svc.cluster.local"

let dns: Dns
beforeAll(async () => {
  upstream.bind(0, "127.0.0.1")
  await once(upstream, "listening")
  dns = await startDns({
    host: "127.0.0.1",
    port: 0,
    aliases: { "wick.localhost": `hello.default.${zone}` },
    informers,
    log: silentLog,
    resolvers: { addresses: () => ["127.0.0.1"], port: upstream.address().port },
  })
})
afterAll(async () => {
  await dns[Symbol.asyncDispose]()
  await informers[Symbol.asyncDispose]()
  upstream.close()
})

type Decoded = ReturnType<typeof decode>
const question = (name: string, type: string, more: Packet = {}): Uint8Array =>
  encode({ id: 7, type: "query", flags: RECURSION_DESIRED, questions: [{ name, type }], ...more })

async function overUdp(message: Uint8Array): Promise<Decoded> {
  const socket = createSocket("udp4")
  socket.send(message, dns.port, dns.address)
  const [reply] = await once(socket, "message")
  socket.close()
  return decode(reply)
}

async function overTcp(message: Uint8Array): Promise<Decoded> {
  const socket = connect(dns.port, dns.address)
  socket.write(frame(message))
  const reader = new FrameReader()
  for await (const bytes of socket) {
    const [reply] = reader.push(bytes)
    if (reply) return decode(reply)
  }
  throw new Error("closed without an answer")
}

function show({ name, type, data }: Answer): string {
  if (typeof data === "object" && "target" in data) return `${name} ${type} ${data.port} ${data.target}`
  return `${name} ${type} ${data}`
}

/** The reply in words: its code when it is a no, else its records. */
async function ask(name: string, type = "A"): Promise<string> {
  const { flags, answers = [] } = await overUdp(question(name, type))
  const code = flags & 15
  return code === 0 ? answers.map(show).join("; ") : (["", "", "failure", "no such name"][code] ?? String(code))
}

describe("cluster DNS", () => {
  it.each([
    { ask: `hello.default.${zone}`, gets: `hello.default.${zone} A 10.235.0.4` },
    { ask: `HELLO.Default.${zone}`, gets: `HELLO.Default.${zone} A 10.235.0.4` },
    { ask: `hello.default.${zone}`, type: "AAAA", gets: "" },
    { ask: `nobody.default.${zone}`, gets: "no such name" },
    { ask: `hello.nowhere.${zone}`, gets: "no such name" },
    { ask: `default.${zone}`, gets: "" },
    { ask: `db.default.${zone}`, gets: `db.default.${zone} A 10.234.0.5; db.default.${zone} A 10.234.0.6` },
    { ask: `db-0.db.default.${zone}`, gets: `db-0.db.default.${zone} A 10.234.0.5` },
    { ask: `10-234-0-6.db.default.${zone}`, gets: `10-234-0-6.db.default.${zone} A 10.234.0.6` },
    { ask: `10-234-0-7.db.default.${zone}`, gets: "no such name" },
    { ask: "10-234-0-9.default.pod.cluster.local", gets: "10-234-0-9.default.pod.cluster.local A 10.234.0.9" },
    {
      ask: `_http._tcp.hello.default.${zone}`,
      type: "SRV",
      gets: `_http._tcp.hello.default.${zone} SRV 80 hello.default.${zone}`,
    },
    {
      ask: `_http._tcp.db.default.${zone}`,
      type: "SRV",
      gets: `_http._tcp.db.default.${zone} SRV 8080 db-0.db.default.${zone}; _http._tcp.db.default.${zone} SRV 8080 10-234-0-6.db.default.${zone}`,
    },
    { ask: `_tcp.hello.default.${zone}`, type: "SRV", gets: "" },
    { ask: `_ftp._tcp.hello.default.${zone}`, type: "SRV", gets: "no such name" },
    { ask: "4.0.235.10.in-addr.arpa", type: "PTR", gets: `4.0.235.10.in-addr.arpa PTR hello.default.${zone}` },
    { ask: "5.0.234.10.in-addr.arpa", type: "PTR", gets: `5.0.234.10.in-addr.arpa PTR db-0.db.default.${zone}` },
    {
      ask: `alias.default.${zone}`,
      gets: `alias.default.${zone} CNAME hello.default.${zone}; hello.default.${zone} A 10.235.0.4`,
    },
    { ask: `outside.default.${zone}`, gets: `outside.default.${zone} CNAME example.test; example.test A 192.0.2.7` },
    {
      ask: "api.shop.Wick.localhost",
      gets: `api.shop.Wick.localhost CNAME hello.default.${zone}; hello.default.${zone} A 10.235.0.4`,
    },
    { ask: "api.shop.wick.localhost", type: "AAAA", gets: `api.shop.wick.localhost CNAME hello.default.${zone}` },
    { ask: "wick.localhost", gets: "no such name" },
    { ask: `ring.default.${zone}`, gets: "failure" },
    { ask: "dns-version.cluster.local", type: "TXT", gets: "dns-version.cluster.local TXT 1.1.0" },
    { ask: "example.test", gets: "example.test A 192.0.2.7" },
    { ask: "example.test.default.svc.cluster.local", gets: "no such name" },
    { ask: "unknown.test", gets: "no such name" },
  ])("answers $ask with [$gets]", async ({ ask: name, type, gets }) => expect(await ask(name, type)).toBe(gets))

  it("lets a no be kept for no longer than the zone says", async () => {
    const { authorities = [] } = await overUdp(question(`nobody.default.${zone}`, "A"))
    expect(authorities[0]).toMatchObject({ type: "SOA", name: "cluster.local", data: { minimum: 5 } })
  })

  it("says that an answer was too large for UDP, and gives it whole over TCP", async () => {
    const message = question(`crowd.default.${zone}`, "A")
    const short = await overUdp(message)
    expect([short.flags & TRUNCATED_RESPONSE, short.answers]).toEqual([TRUNCATED_RESPONSE, []])
    expect((await overTcp(message)).answers).toHaveLength(200)
  })

  it("speaks EDNS to those who do", async () => {
    const additionals = [{ name: ".", type: "OPT", udpPayloadSize: 4096, flags: 0, options: [] }]
    const reply = await overUdp(question(`hello.default.${zone}`, "A", { additionals }))
    expect(reply.additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 1232 }])
  })

  it("refuses what is no question, and stays silent to what is no message", async () => {
    expect((await overUdp(encode({ id: 9, type: "query", questions: [] }))).flags & 15).toBe(1)
    const junk = new Uint8Array(40).fill(0xff).with(2, 0)
    expect((await overUdp(junk)).flags & 15).toBeGreaterThan(0)
  })
})

describe("the host's resolvers", () => {
  it("are read from resolv.conf, without ourselves and without a fourth", () => {
    const text =
      "# by hand\nsearch lan\nnameserver 10.235.0.10\nnameserver 192.0.2.1\n nameserver ::1\nnameserver 1\nnameserver 2\n"
    expect(parseResolvers(text, "10.235.0.10")).toEqual(["192.0.2.1", "::1", "1"])
  })
})
