import { Duplex } from "node:stream"
import { createDeflate, createInflate, type Deflate, type Inflate, constants as zlib } from "node:zlib"
import { beforeEach, describe, expect, it } from "vitest"
import { SpdyConnection, type SpdyStream } from "./connection.ts"
import { dictionary } from "./dictionary.ts"

/** Two ends of one wire. */
function wire(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      allowHalfOpen: true,
      read: () => {},
      write: (chunk, _, done) => {
        other().push(chunk)
        done()
      },
      final: (done) => {
        other().push(null)
        done()
      },
    })
  const one: Duplex = make(() => two)
  const two: Duplex = make(() => one)
  return [one, two]
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A client as others write it: with zlib itself, and frames by the book. */
class Client {
  readonly frames: Buffer[] = []
  readonly #socket: Duplex
  readonly #deflate: Deflate = createDeflate({ dictionary, level: 9 })
  readonly inflate: Inflate = createInflate({ dictionary })
  #rest = Buffer.alloc(0)

  constructor(socket: Duplex) {
    this.#socket = socket
    socket.on("data", (chunk: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, chunk])
      while (this.#rest.length >= 8 && this.#rest.length >= 8 + this.#rest.readUIntBE(5, 3)) {
        const end = 8 + this.#rest.readUIntBE(5, 3)
        this.frames.push(this.#rest.subarray(0, end))
        this.#rest = this.#rest.subarray(end)
      }
    })
  }

  async pack(headers: Record<string, string>): Promise<Buffer> {
    const texts = Object.entries(headers).flat()
    const plain = Buffer.concat([
      word(texts.length / 2),
      ...texts.flatMap((text) => [word(text.length), Buffer.from(text)]),
    ])
    const chunks: Buffer[] = []
    const take = (chunk: Buffer): void => void chunks.push(chunk)
    this.#deflate.on("data", take)
    await new Promise<void>((resolve) => {
      this.#deflate.write(plain)
      this.#deflate.flush(zlib.Z_SYNC_FLUSH, () => setImmediate(resolve))
    })
    this.#deflate.off("data", take)
    return Buffer.concat(chunks)
  }

  control(type: number, rest: Buffer): void {
    const head = Buffer.alloc(8)
    head.writeUInt32BE((0x80030000 | type) >>> 0)
    head.writeUIntBE(rest.length, 5, 3)
    this.#socket.write(Buffer.concat([head, rest]))
  }

  async open(stream: number, headers: Record<string, string>): Promise<void> {
    this.control(1, Buffer.concat([word(stream), word(0), Buffer.alloc(2), await this.pack(headers)]))
  }

  data(stream: number, text: string | Buffer, last = false): void {
    const bytes = Buffer.from(text)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(stream)
    head[4] = last ? 1 : 0
    head.writeUIntBE(bytes.length, 5, 3)
    this.#socket.write(Buffer.concat([head, bytes]))
  }

  /** Types of the control frames that have come, and texts of the data. */
  get said(): (number | string)[] {
    return this.frames.map((frame) =>
      (frame[0] ?? 0) >= 0x80
        ? frame.readUInt16BE(2)
        : `${frame.readUInt32BE(0)}${frame[4] === 1 ? "!" : ":"}${frame.subarray(8)}`,
    )
  }
}

let client: Client
let ends: [Duplex, Duplex]
let streams: SpdyStream[]
let connection: SpdyConnection

beforeEach(() => {
  ends = wire()
  streams = []
  connection = new SpdyConnection(ends[0], Buffer.alloc(0), (stream) => streams.push(stream))
  client = new Client(ends[1])
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

  it.each<[string, (client: Client) => unknown]>([
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
