import { once } from "node:events"
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2"
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from "node:net"
import { SimulatedClock, seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  CompactedError,
  createMemoryStorage,
  type MemberStorage,
  NotLeaderError,
  type Storage,
  type StoreEvent,
  UnavailableError,
} from "#store"
import { type EtcdServer, startEtcd } from "../etcd/index.ts"
import { openPlain } from "./testing.ts"

/** A way to the server that can be cut. */
class Way {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #blocked = false
  /** Called with what the server says, before it is passed on; false holds it back for good. */
  passes: (chunk: Buffer) => boolean = () => true

  constructor(port: () => number) {
    this.#server = createTcpServer((incoming) => {
      if (this.#blocked) return void incoming.destroy()
      const outgoing = connect(port(), "127.0.0.1")
      for (const socket of [incoming, outgoing]) {
        this.#sockets.add(socket)
        socket.on("error", () => {})
        socket.once("close", () => this.#sockets.delete(socket))
      }
      incoming.pipe(outgoing)
      outgoing.on("data", (chunk: Buffer) => this.passes(chunk) && incoming.write(chunk))
      outgoing.once("close", () => incoming.destroy())
      incoming.once("close", () => outgoing.destroy())
    })
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1")
    await once(this.#server, "listening")
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  cut({ forGood = false } = {}): void {
    this.#blocked = forGood
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#blocked = false
  }

  close(): void {
    this.cut({ forGood: true })
    this.#server.close()
  }
}

const put = (storage: Storage, key: string, value = "") =>
  storage.txn({ compare: [], success: [{ kind: "put", key, value: Buffer.from(value) }], failure: [] })

describe("a client of etcd whose way to it is cut", () => {
  let served: MemberStorage
  let server: EtcdServer
  let ways: Way[]
  let storage: Storage

  beforeEach(async () => {
    served = createMemoryStorage({ clock: new SimulatedClock() })
    const at = { host: "127.0.0.1", port: 0, directory: "" }
    server = await startEtcd({ storage: served, ...at, clock: systemClock, random: seededRandom(1), log: silentLog })
    ways = [1, 2].map(() => new Way(() => Number(new URL(server.url).port)))
    storage = await openPlain(await Promise.all(ways.map((way) => way.open())))
  })
  afterEach(async () => {
    await storage.close()
    for (const way of ways) way.close()
    await server[Symbol.asyncDispose]()
    await served.close()
  })

  const following = (fromRevision?: number) => {
    const events: StoreEvent[] = []
    const ended = Promise.withResolvers<Error>()
    let look = (): void => {}
    storage.watch(
      { key: "k", end: "l", ...(fromRevision !== undefined && { fromRevision }) },
      {
        onBatch: (batch) => {
          events.push(...batch.events)
          look()
        },
        onEnd: ended.resolve,
      },
    )
    const revisions = (): number[] =>
      events.map((event) => (event.kind === "put" ? event.kv.modRevision : event.modRevision))
    return {
      ended: ended.promise,
      revisions,
      until: (count: number) =>
        new Promise<number[]>((resolve) => {
          look = () => events.length >= count && resolve(revisions())
          look()
        }),
    }
  }

  it("goes on at another endpoint, and its watches tell what was missed once and in order", async () => {
    const present = following()
    await put(storage, "k1")
    const past = following(1)
    for (let round = 0; round < 5; round++) {
      ways[round % 2]?.cut({ forGood: true })
      for (let at = 0; at < 20; at++) await put(served, `k${at}`)
      ways[(round + 1) % 2]?.mend()
    }
    const all = Array.from({ length: 101 }, (_, at) => 2 + at)
    expect(await present.until(101)).toEqual(all)
    expect(await past.until(101)).toEqual(all)
    expect(storage.currentRevision()).toBe(102)
  })

  it("ends a watch whose history was compacted meanwhile, and follows the present again", async () => {
    const lost = following()
    for (const way of ways) way.cut({ forGood: true })
    for (let at = 0; at < 5; at++) await put(served, `k${at}`)
    await served.compact(5)
    for (const way of ways) way.mend()
    expect(await lost.ended).toBeInstanceOf(CompactedError)
    const { revision } = await put(storage, "k")
    const present = following()
    await put(served, "k")
    expect(await present.until(1)).toEqual([revision + 1])
  })

  it("tells a write whose answer was lost from one that was never made, and makes neither twice", async () => {
    const way = ways[0] as Way
    // The server's answer is held back, and the connection lost with it.
    way.passes = () => {
      way.cut()
      return false
    }
    await expect(put(storage, "k")).rejects.toThrow(UnavailableError)
    way.passes = () => true
    expect((await served.range({ key: "k" })).kvs[0]).toMatchObject({ version: 1 })
    for (const each of ways) each.cut({ forGood: true })
    await expect(put(storage, "k")).rejects.toThrow(NotLeaderError)
    for (const each of ways) each.mend()
    expect((await storage.range({ key: "k" })).kvs[0]).toMatchObject({ version: 1 })
  })

  it("reads again at another endpoint, as a read changes nothing", async () => {
    await put(storage, "k", "here")
    const way = ways[0] as Way
    way.passes = () => {
      way.cut({ forGood: true })
      return false
    }
    expect((await storage.range({ key: "k" })).count).toBe(1)
  })
})

describe("an endpoint that is no etcd", () => {
  it("is named when nothing else answers", async () => {
    const plain: Http2Server = createServer((_, response) => response.writeHead(404).end())
    const sessions = new Set<ServerHttp2Session>()
    plain.on("session", (session) => sessions.add(session))
    plain.listen(0, "127.0.0.1")
    await once(plain, "listening")
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`
    await expect(openPlain([url])).rejects.toThrow("it answers HTTP status 404")
    plain.close()
    for (const session of sessions) session.destroy()
    await expect(openPlain([url])).rejects.toThrow(`no endpoint of etcd answers: ${url}: connect ECONNREFUSED`)
  })
})
