import { describe, expect, it } from "vitest"
import { errorCode } from "./error-code.ts"
import { frameFlag, frameType, preface } from "./frame.ts"
import { encodeAlone } from "./hpack/testing/encode-alone.ts"
import type { ServerStream } from "./server-stream.ts"
import { data, frame, getHead, goAway, head, ping, postHead, reset, settings, windowUpdate } from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

const empty = (stream: ServerStream): void => stream.respond([":status", "200"], true)
const four = Buffer.alloc(4)

describe("the opening of a connection (RFC 9113, section 3.4)", () => {
  it("begins with the server's settings and a wider window, and the client's settings are taken", async () => {
    const client = new RawClient()
    expect(await client.told()).toEqual(["SETTINGS 3=1000 4=1048576 6=65536", "WINDOW_UPDATE 0 4128769"])
    expect(await client.send(preface, settings([3, 100]))).toEqual(["SETTINGS ack"])
  })

  it("is, byte for byte, what any HTTP/2 client expects", async () => {
    const client = new RawClient({ onStream: (stream) => stream.respond([":status", "204"], true) })
    await client.send(preface, settings())
    client.socket.writes = []
    client.socket.push(head(1))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(Buffer.concat(client.socket.writes).toString("hex")).toBe("000001" + "01" + "05" + "00000001" + "89")
  })

  it("may come byte by byte", async () => {
    const client = new RawClient({ onStream: empty })
    const lines: string[] = []
    for (const byte of Buffer.concat([preface, settings([3, 1]), head(1), ping()])) {
      lines.push(...(await client.send(Buffer.from([byte]))))
    }
    expect(lines.slice(2)).toEqual(["SETTINGS ack", "HEADERS 1 :status 200 end", "PING ack 8 bytes!"])
  })

  it.each([
    [
      "something else than the preface",
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      "what came first is not HTTP/2's preface",
    ],
    ["no settings after it", Buffer.concat([preface, ping()]), "the first frame is not SETTINGS"],
  ])("with %s is its end", async (_, bytes, why) => {
    const client = new RawClient()
    await client.told()
    expect(await client.send(bytes)).toEqual([`GOAWAY 0 protocolError ${why}`])
    client.socket.destroy()
    await client.told()
    expect(client.ended).toBe(why)
  })
})

describe("a frame that is wrong of the whole connection", () => {
  const wrong: [string, string, ...Buffer[]][] = [
    ["DATA on no stream", "protocolError", data(0, "x")],
    ["HEADERS on no stream", "protocolError", head(0)],
    ["HEADERS on an even stream", "protocolError", head(2)],
    [
      "HEADERS whose padding is longer than it",
      "protocolError",
      frame(frameType.headers, 0x0c, 1, Buffer.from([9, 1])),
    ],
    [
      "HEADERS without room for the priority it says it has",
      "frameSizeError",
      frame(frameType.headers, 0x24, 1, "abc"),
    ],
    ["HEADERS that cannot be decoded", "compressionError", frame(frameType.headers, 5, 1, Buffer.from([0xff, 0xff]))],
    ["DATA whose padding is longer than it", "protocolError", head(1, postHead), frame(0, 8, 1, Buffer.from([1]))],
    ["DATA on a stream that was not opened", "protocolError", data(1, "x")],
    ["RST_STREAM on a stream that was not opened", "protocolError", reset(1)],
    ["RST_STREAM on no stream", "protocolError", reset(0)],
    ["RST_STREAM of another size than four", "frameSizeError", head(1), frame(frameType.resetStream, 0, 1, "x")],
    ["WINDOW_UPDATE of a stream that was not opened", "protocolError", windowUpdate(1, 1)],
    ["WINDOW_UPDATE by nothing", "protocolError", windowUpdate(0, 0)],
    ["WINDOW_UPDATE beyond 2^31-1", "flowControlError", windowUpdate(0, 2 ** 31 - 1)],
    ["WINDOW_UPDATE of another size than four", "frameSizeError", frame(frameType.windowUpdate, 0, 0, "x")],
    ["SETTINGS on a stream", "protocolError", frame(frameType.settings, 0, 1)],
    ["SETTINGS that are cut short", "frameSizeError", frame(frameType.settings, 0, 0, "abc")],
    ["SETTINGS with ACK and something in it", "frameSizeError", frame(frameType.settings, 1, 0, Buffer.alloc(6))],
    ["a setting to push that is neither 0 nor 1", "protocolError", settings([2, 2])],
    ["a window of more than 2^31-1", "flowControlError", settings([4, 2 ** 31])],
    ["a frame size of less than 2^14", "protocolError", settings([5, 16_383])],
    ["a frame size of 2^24", "protocolError", settings([5, 2 ** 24])],
    ["PING on a stream", "protocolError", frame(frameType.ping, 0, 1, Buffer.alloc(8))],
    ["PING of another size than eight", "frameSizeError", frame(frameType.ping, 0, 0, four)],
    ["GOAWAY on a stream", "protocolError", frame(frameType.goAway, 0, 1, Buffer.alloc(8))],
    ["GOAWAY of less than eight bytes", "frameSizeError", frame(frameType.goAway, 0, 0, four)],
    ["PRIORITY on no stream", "protocolError", frame(frameType.priority, 0, 0, Buffer.alloc(5))],
    ["PUSH_PROMISE", "protocolError", frame(frameType.pushPromise, 4, 1, four)],
    ["CONTINUATION of nothing", "protocolError", frame(frameType.continuation, 4, 1)],
    ["something else within a header block", "protocolError", frame(frameType.headers, 0, 1), ping()],
    ["CONTINUATION of another block", "protocolError", frame(frameType.headers, 0, 1), frame(9, 4, 3)],
    ["a frame larger than was allowed", "frameSizeError", frame(frameType.data, 0, 1, Buffer.alloc(16_385))],
  ]
  it.each(wrong)("such as %s, ends it with %s", async (_, code, ...frames) => {
    const client = await RawClient.open()
    const said = await client.send(...frames, ping())
    expect(said.at(-1)).toMatch(new RegExp(`^GOAWAY [01] ${code} .`))
    expect(client.socket.writableEnded).toBe(true)
    for (const stream of client.streams) expect(stream.isClosed).toBe(true)
  })
})

describe("frames that mean nothing here", () => {
  it("are passed over: other types, priorities, reserved bits, unknown settings and flags", async () => {
    const client = await RawClient.open({ onStream: empty })
    const unknown = frame(0xfa, 0xff, 7, "whatever")
    const priority = frame(frameType.priority, 0, 9, Buffer.alloc(5))
    const reserved = head(1)
    reserved[5] = 0x80
    expect(await client.send(unknown, priority, settings([0x99, 1]), reserved)).toEqual([
      "SETTINGS ack",
      "HEADERS 1 :status 200 end",
    ])
  })

  it("PRIORITY of another size than five spoils its own stream only", async () => {
    const client = await RawClient.open()
    const said = await client.send(head(1, postHead), frame(frameType.priority, 0, 1, four), ping())
    expect(said).toEqual(["RST_STREAM 1 frameSizeError", "PING ack 8 bytes!"])
  })
})

describe("a header block", () => {
  it("may be padded, have a priority, and come in pieces", async () => {
    const client = await RawClient.open({ onStream: empty })
    const block = encodeAlone([...getHead, "x-name", "value"])
    const flags = frameFlag.endStream | frameFlag.padded | frameFlag.priority
    const first = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 16]), block.subarray(0, 4), Buffer.alloc(3)])
    const frames = [frame(1, flags, 1, first), frame(9, 0, 1, block.subarray(4, 7)), frame(9, 4, 1, block.subarray(7))]
    expect(await client.send(...frames)).toEqual(["HEADERS 1 :status 200 end"])
    expect(client.stream().headers).toEqual([...getHead, "x-name", "value"])
    expect(client.stream().endsAtHead).toBe(true)
  })

  it("of an answer that is larger than a frame is sent in pieces", async () => {
    const value = "v".repeat(40_000)
    const client = await RawClient.open({ onStream: (stream) => stream.respond([":status", "200", "x", value], true) })
    client.socket.push(head(1))
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    const bytes = Buffer.concat(client.socket.writes)
    const heads: [number, number, number][] = []
    for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      heads.push([bytes.readUIntBE(at, 3), bytes[at + 3] ?? 0, bytes[at + 4] ?? 0])
    }
    expect(heads.map(([, type, flags]) => [type, flags])).toEqual([
      [frameType.headers, frameFlag.endStream],
      [frameType.continuation, 0],
      [frameType.continuation, frameFlag.endHeaders],
    ])
    expect(heads.slice(0, 2).map(([length]) => length)).toEqual([16_384, 16_384])
  })
})

describe("leaving", () => {
  it("lets streams that are on their way come, takes none that were sent knowingly, and hangs up after the last", async () => {
    const client = await RawClient.open()
    await client.send(head(1))
    client.connection.goAway()
    expect(await client.told()).toEqual(["GOAWAY 2147483647 noError", "PING goodbye!"])
    expect(await client.send(head(3), ping("goodbye!", frameFlag.ack))).toEqual(["GOAWAY 3 noError"])
    expect(await client.send(head(5))).toEqual([])
    expect(client.streams.map(({ id }) => id)).toEqual([1, 3])
    empty(client.stream(0))
    expect(await client.told()).toEqual(["HEADERS 1 :status 200 end"])
    expect(client.socket.writableEnded).toBe(false)
    empty(client.stream(1))
    expect(await client.told()).toEqual(["HEADERS 3 :status 200 end"])
    expect(client.socket.writableEnded).toBe(true)
  })

  it("of the client is answered, and its streams are", async () => {
    const client = await RawClient.open()
    expect(await client.send(head(1), goAway())).toEqual(["GOAWAY 2147483647 noError", "PING goodbye!"])
    await client.send(ping("goodbye!", frameFlag.ack))
    empty(client.stream())
    expect(await client.told()).toEqual(["HEADERS 1 :status 200 end"])
    expect(client.socket.writableEnded).toBe(true)
  })

  it("for a mistake says nothing after it, though the socket was busy and streams had more to say", async () => {
    const client = await RawClient.open()
    await client.send(windowUpdate(0, 1_000_000), head(1))
    client.socket.isStuck = true
    client.stream().respond([":status", "200"])
    client.stream().write(Buffer.alloc(60_000))
    await client.told()
    await client.send(ping(), data(0, "x"))
    client.stream().write(Buffer.from("more"))
    client.socket.goOn()
    const said = await client.told()
    expect(said.at(-1)).toMatch(/^GOAWAY 1 protocolError /)
    expect(client.socket.errored).toBeNull()
  })

  it("of a sudden tells each stream once that nobody is there", async () => {
    const closed: number[] = []
    const client = await RawClient.open({
      onStream: (stream) => {
        stream.handlers = { onClose: (code) => closed.push(code) }
      },
    })
    await client.send(head(1), head(3, postHead))
    client.socket.destroy()
    await client.told()
    expect(closed).toEqual([errorCode.cancel, errorCode.cancel])
    expect(client.ended).toBe("")
    expect(client.connection.openStreams).toBe(0)
  })
})
