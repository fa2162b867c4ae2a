import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { connect } from "node:net"
import { connect as connectTls } from "node:tls"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { Message } from "#raft"
import { NotSentError } from "#replication"
import { bulkQueueSizeMax } from "./limits.ts"
import { Authority, heartbeat, introduce, TestMember } from "./testing/member.ts"
import { TcpProxy } from "./testing/tcp-proxy.ts"

let stack: AsyncDisposableStack
let authority: Authority
const start = async (id: number, more = {}): Promise<TestMember> =>
  stack.use(await TestMember.start(authority, id, more))

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  authority = stack.use(await Authority.make())
})
afterEach(() => stack.disposeAsync())

/** Messages that `two` has, after another one to it. */
const heardOnceMore = (one: TestMember, two: TestMember) => (): number => {
  one.transport.send(heartbeat(1, 2, 2))
  return two.messages.length
}

function append(from: number, to: number, size: number): Message {
  const entries = [{ index: 1, term: 1, kind: "command", data: Buffer.alloc(size, 1) }] as const
  return { type: "append", from, to, term: 1, previous: { index: 0, term: 0 }, entries, commit: 0 }
}

describe("messages", () => {
  it("reach the member that they are for, as they were", async () => {
    const [one, two] = [await start(1), await start(2)]
    introduce(one, two)
    one.transport.send(heartbeat(1, 2))
    one.transport.send(append(1, 2, 1_000_000))
    const received = await two.received(2)
    expect(received).toContainEqual(heartbeat(1, 2))
    expect(received).toContainEqual(append(1, 2, 1_000_000))
  })

  it("that are prompt do not wait behind megabytes of entries", async () => {
    const [one, two] = [await start(1), await start(2)]
    introduce(one, two)
    one.transport.send(heartbeat(1, 2))
    await two.received(1)
    const appends = 24
    for (let sent = 0; sent < appends; sent++) one.transport.send(append(1, 2, 1_000_000))
    one.transport.send(heartbeat(1, 2, 2))
    const received = await two.received(appends + 2)
    expect(received.findIndex((message) => message.type === "heartbeat" && message.round === 2)).toBeLessThan(12)
  })

  it("to who is not reached are dropped once the bound of bytes is full, and counted", async () => {
    const one = await start(1)
    const two = await start(2)
    await using proxy = await TcpProxy.to(two.url)
    proxy.silence()
    one.transport.setPeers(new Map([[2, proxy.url]]))
    const fitting = Math.floor(bulkQueueSizeMax / 1_000_100)
    for (let sent = 0; sent < fitting + 3; sent++) one.transport.send(append(1, 2, 1_000_000))
    expect(await one.metrics.text()).toContain('etcd_network_peer_sent_failures_total{To="2"} 3')
  })

  it("go on once a path that was cut is mended", async () => {
    const [one, two] = [await start(1), await start(2)]
    await using proxy = await TcpProxy.to(two.url)
    introduce(one, two, proxy.url)
    one.transport.send(heartbeat(1, 2))
    await two.received(1)
    proxy.cut()
    proxy.mend()
    await expect.poll(heardOnceMore(one, two)).toBeGreaterThan(1)
  })

  it("go on over new connections when the old ones are silent, though nobody closed them", async () => {
    const [one, two] = [await start(1), await start(2)]
    await using proxy = await TcpProxy.to(two.url)
    introduce(one, two, proxy.url)
    one.transport.send(heartbeat(1, 2))
    await two.received(1)
    const before = proxy.connections
    proxy.silence()
    await expect.poll(() => proxy.connections).toBeGreaterThan(before + 1)
    proxy.mend()
    await expect.poll(heardOnceMore(one, two)).toBeGreaterThan(1)
  })

  it("reach a peer where it has moved to", async () => {
    const [one, two] = [await start(1), await start(2)]
    one.transport.setPeers(new Map([[2, "https://127.0.0.1:1"]]))
    one.transport.setPeers(new Map([[2, two.url]]))
    one.transport.send(heartbeat(1, 2))
    expect(await two.received(1)).toEqual([heartbeat(1, 2)])
  })
})

describe("who is no member", () => {
  const refusalOf = async (member: TestMember, tls: object): Promise<string> => {
    const { port } = new URL(member.url)
    const socket = connectTls({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false, ...tls })
    return new Promise((resolve) => {
      socket.on("error", (error) => resolve(error.message))
      socket.on("close", () => resolve("closed"))
    })
  }

  it("is refused without a certificate, with one of another authority, and without the protocol", async () => {
    const one = await start(1)
    await using other = await Authority.make()
    const { certificatePem: cert, privateKeyPem: key } = await other.credential("member-2")
    const ALPNProtocols = ["wick-peer"]
    expect(await refusalOf(one, { ALPNProtocols })).toMatch(/certificate required/)
    expect(await refusalOf(one, { ALPNProtocols, cert, key })).toMatch(/unknown ca|ECONNRESET|closed/i)
    expect(await refusalOf(one, { ALPNProtocols: ["h2"] })).toMatch(/no application protocol/)
  })

  it("is not spoken to", async () => {
    await using other = await Authority.make()
    const [one, two] = [await start(1), await start(2, { tls: await other.credential("member-2") })]
    introduce(one, two)
    await expect(one.transport.call(2, Buffer.from("x"), 5_000)).rejects.toThrow(/self-signed|certificate/)
  })

  it("cannot speak for another member, nor answer for one", async () => {
    const [one, two] = [await start(1), await start(2)]
    const impostor = await start(3, { tls: await authority.credential("member-2") })
    introduce(impostor, one)
    one.transport.setPeers(new Map([[3, two.url]]))
    await expect(impostor.transport.call(1, Buffer.from("x"), 5_000)).rejects.toThrow(
      "refused: the certificate is that of member 2, not of 3",
    )
    await expect(one.transport.call(3, Buffer.from("x"), 5_000)).rejects.toThrow("member 2 answers there")
  })

  it("any more is turned away, and what it had open is closed after a farewell", async () => {
    const [one, two] = [await start(1), await start(2)]
    introduce(one, two)
    await two.transport.call(1, Buffer.from("x"), 5_000)
    one.answer = async (request) => {
      one.transport.setPeers(new Map())
      return request
    }
    expect(String(await two.transport.call(1, Buffer.from("remove me"), 5_000))).toBe("remove me")
    const refusal = () => two.transport.call(1, Buffer.from("x"), 5_000).catch(String)
    await expect.poll(refusal).toContain("member 2 was removed")
  })

  it("gets nothing across by a message in another's name", async () => {
    const [one, two] = [await start(1), await start(2)]
    introduce(one, two)
    one.transport.send({ ...heartbeat(1, 2), from: 3 })
    const failed = 'etcd_network_peer_received_failures_total{From="1"} 1'
    await expect.poll(() => two.metrics.text()).toContain(failed)
    expect(two.messages).toEqual([])
  })
})

it("who has connected but said nothing is not waited for when a member is closed", async () => {
  const [one, two] = [await start(1), await start(2)]
  const { hostname, port } = new URL(one.url)
  const stranger = connect(Number(port), hostname)
  stranger.on("error", () => {}) // it may be reset
  const ended = new Promise((resolve) => stranger.once("close", resolve))
  await once(stranger, "connect")
  introduce(two, one)
  await two.transport.call(1, Buffer.from("x"), 5_000) // connected later, and answered: so the stranger was let in
  await one.transport.close()
  await ended
}, 8_000) // a handshake has ten seconds

describe("calls", () => {
  it("are answered, each with its own answer", async () => {
    const [one, two] = [await start(1), await start(2)]
    two.answer = async (request, from) => Buffer.from(`${from} asked ${Buffer.from(request)}`)
    introduce(one, two)
    const answers = await Promise.all(["a", "b"].map((text) => one.transport.call(2, Buffer.from(text), 5_000)))
    expect(answers.map(String)).toEqual(["1 asked a", "1 asked b"])
    const large = randomBytes(1_500_000)
    two.answer = async (request) => request
    expect(large.equals(await one.transport.call(2, large, 5_000))).toBe(true)
  })

  it("to who is not there were certainly not sent", async () => {
    const one = await start(1)
    one.transport.setPeers(new Map([[2, "https://127.0.0.1:1"]]))
    await expect(one.transport.call(2, Buffer.from("x"), 5_000)).rejects.toThrow(NotSentError)
    await expect(one.transport.call(3, Buffer.from("x"), 5_000)).rejects.toThrow(NotSentError)
  })

  it("to who does not take a connection were certainly not sent, and end in time", async () => {
    const [one, two] = [await start(1), await start(2)]
    await using proxy = await TcpProxy.to(two.url)
    proxy.silence()
    introduce(one, two, proxy.url)
    await expect(one.transport.call(2, Buffer.from("x"), 50)).rejects.toThrow(NotSentError)
  })

  it.each([
    { loss: "the connection breaks", harm: (proxy: TcpProxy) => proxy.breakAll(), timeoutMs: 5_000 },
    { loss: "no answer comes in time", harm: () => {}, timeoutMs: 50 },
  ])("are never sent twice, and nobody knows what became of them when $loss", async ({ harm, timeoutMs }) => {
    const [one, two] = [await start(1), await start(2)]
    await using proxy = await TcpProxy.to(two.url)
    introduce(one, two, proxy.url)
    await one.transport.call(2, Buffer.from("x"), 5_000)
    const asked = vi.fn()
    two.answer = () => {
      asked()
      harm(proxy)
      return new Promise(() => {})
    }
    const error = await one.transport.call(2, Buffer.from("x"), timeoutMs).catch((error: Error) => error)
    expect(error).toMatchObject({ name: "CallLostError" })
    two.answer = async (request) => request
    await expect.poll(async () => String(await one.transport.call(2, Buffer.from("y"), 5_000))).toBe("y")
    expect(asked).toHaveBeenCalledTimes(1)
  })

  it("that the other side fails at are lost to the caller, with the reason", async () => {
    const [one, two] = [await start(1), await start(2)]
    two.answer = () => Promise.reject(new Error("out of order"))
    introduce(one, two)
    await expect(one.transport.call(2, Buffer.from("x"), 5_000)).rejects.toThrow("the peer failed: out of order")
  })
})

it("peers count what passes between them, under etcd's names", async () => {
  const [one, two] = [await start(1), await start(2)]
  introduce(one, two)
  one.transport.send(heartbeat(1, 2))
  await two.received(1)
  const told = () => one.metrics.text()
  await expect.poll(told).toMatch(/etcd_network_peer_sent_bytes_total\{To="2"\} [1-9]/)
  await expect.poll(told).toMatch(/etcd_network_peer_round_trip_time_seconds_count\{To="2"\} [1-9]/)
  await expect.poll(told).toContain('etcd_network_active_peers{Local="1",Remote="2"} 1')
  expect(await two.metrics.text()).toMatch(/etcd_network_peer_received_bytes_total\{From="1"\} [1-9]/)
})
