import type { Duplex } from "node:stream"
import { beforeEach, describe, expect, it } from "vitest"
import { SpdyConnection, type SpdyStream } from "./connection.ts"
import { SpdyClient, wire, word } from "./testing/spdy-client.ts"

let client: SpdyClient
let ends: [Duplex, Duplex]
let streams: SpdyStream[]
let connection: SpdyConnection

beforeEach(() => {
  ends = wire()
  streams = []
  connection = new SpdyConnection(ends[0], Buffer.alloc(0), (stream) => streams.push(stream))
  client = new SpdyClient(ends[1])
  ends[0].on("error", () => {})
})

describe("a connection of SPDY", () => {
  it("opens streams with headers, which are packed one with the help of those before", async () => {
    await client.open(1, { streamType: "error" })
    await client.open(3, { streamType: "stdin", requestID: "0" })
    await client.open(5, { streamType: "stdin", requestID: "1" })
    await expect
      .poll(() => streams.map(({ headers }) => [...headers]))
      .toEqual([
        [["streamtype", "error"]],
        [
          ["streamtype", "stdin"],
          ["requestid", "0"],
        ],
        [
          ["streamtype", "stdin"],
          ["requestid", "1"],
        ],
      ])
    expect(client.said).toEqual([2, 2, 2])
  })

  it("answers in a way that zlib understands", async () => {
    for (const stream of [1, 3, 5]) await client.open(stream, { streamType: "data" })
    await expect.poll(() => client.frames.length).toBe(3)
    const plain: Buffer[] = []
    client.inflate.on("data", (chunk: Buffer) => plain.push(chunk))
    for (const frame of client.frames) client.inflate.write(frame.subarray(12))
    await expect.poll(() => Buffer.concat(plain)).toEqual(Buffer.alloc(12))
  })

  it("carries bytes both ways, and the end of each way for itself", async () => {
    await client.open(1, { streamType: "data" })
    client.data(1, "hello ")
    client.data(1, "there", true)
    await expect.poll(() => streams.length).toBe(1)
    const [stream] = streams
    expect((await Array.fromAsync(stream?.iterator({ destroyOnReturn: false }) ?? [])).join("")).toBe("hello there")
    stream?.write("and you")
    stream?.end()
    await expect.poll(() => client.said).toEqual([2, "1:and you", "1!"])
    await expect.poll(() => stream?.destroyed).toBe(true)
  })

  it("understands frames that come in pieces", async () => {
    await client.open(1, { streamType: "data" })
    const frame = Buffer.concat([Buffer.from([0, 0, 0, 1, 1, 0, 0, 5]), Buffer.from("piece")])
    for (const byte of frame) ends[1].write(Buffer.from([byte]))
    await expect.poll(() => streams[0]?.read()?.toString()).toBe("piece")
  })

  it("stops reading when nobody reads what came, and goes on when somebody does", async () => {
    await client.open(1, { streamType: "data" })
    await expect.poll(() => streams.length).toBe(1)
    for (let sent = 0; sent < 12; sent += 1) client.data(1, Buffer.alloc(100_000))
    await expect.poll(() => ends[0].isPaused()).toBe(true)
    let bytes = 0
    streams[0]?.on("data", (chunk: Buffer) => {
      bytes += chunk.length
    })
    await expect.poll(() => bytes).toBe(1_200_000)
    expect(ends[0].isPaused()).toBe(false)
  })

  it("answers a ping, and tells its end", async () => {
    client.control(6, word(7))
    await expect.poll(() => client.said).toEqual([6])
    connection.close()
    await expect.poll(() => client.said).toEqual([6, 7])
    await expect.poll(() => ends[0].writableEnded).toBe(true)
  })

  it("takes a stream away that the client has reset, and tells one that is broken off here", async () => {
    await client.open(1, { streamType: "data" })
    await client.open(3, { streamType: "data" })
    await expect.poll(() => streams.length).toBe(2)
    client.control(3, Buffer.concat([word(1), word(5)]))
    await expect.poll(() => streams[0]?.destroyed).toBe(true)
    streams[1]?.destroy()
    await expect.poll(() => client.said.at(-1)).toBe(3)
  })

  it("ends all streams with the socket", async () => {
    await client.open(1, { streamType: "data" })
    await expect.poll(() => streams.length).toBe(1)
    ends[0].destroy()
    await expect.poll(() => streams[0]?.destroyed).toBe(true)
  })

  it.each<[string, (client: SpdyClient) => unknown]>([
    ["a frame that is too large", () => ends[1].write(Buffer.from([0, 0, 0, 1, 0, 0x20, 0, 0]))],
    ["another version", () => ends[1].write(Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]))],
    ["a frame that is cut off", ({ control }) => control.call(client, 3, word(1))],
    [
      "headers that are none",
      () => client.control(1, Buffer.concat([word(1), Buffer.alloc(6), Buffer.from("nothing")])),
    ],
    [
      "headers packed otherwise",
      () => client.control(1, Buffer.concat([word(1), Buffer.alloc(6), Buffer.from([0x78, 1, 0])])),
    ],
    ["a stream with a number of the server's", (one) => one.open(2, { streamType: "data" })],
  ])("is broken off by %s", async (_what, send) => {
    await send(client)
    await expect.poll(() => ends[0].destroyed).toBe(true)
  })
})
