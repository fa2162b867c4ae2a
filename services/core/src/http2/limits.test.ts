import { describe, expect, it } from "vitest"
import { errorCode } from "./error-code.ts"
import { preface } from "./frame.ts"
import type { ServerStream } from "./server-stream.ts"
import { data, frame, getHead, head, ping, postHead, reset, settings } from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

const many = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)))
const id = (at: number): number => 2 * at + 1
const ok = (stream: ServerStream): void => stream.respond([":status", "200"], true)
const last = async (said: Promise<string[]>): Promise<string> => (await said).at(-1) ?? ""

describe("a connection's limits", () => {
  it("refuse streams over their number, which may be asked for again, and take the next when one is over", async () => {
    const client = await RawClient.open({ limits: { streamsMax: 2 } })
    expect(await client.send(head(1), head(3), head(5))).toEqual(["RST_STREAM 5 refusedStream"])
    ok(client.stream())
    await client.told()
    await client.send(head(7))
    expect(client.streams.map((stream) => stream.id)).toEqual([1, 3, 7])
  })

  it("answer a head that is too large with 431, and go on", async () => {
    const client = await RawClient.open({ limits: { headerListBytesMax: 1_000 } })
    const large = head(1, [...getHead, "x", "y".repeat(1_000)])
    expect(await client.send(large, ping())).toEqual([
      "HEADERS 1 :status 431 content-length 0 end",
      "PING ack 8 bytes!",
    ])
    expect(client.streams).toEqual([])
  })

  it("let somebody else answer it in his own words", async () => {
    const onOversizedHead = (stream: ServerStream): void => {
      stream.respond([":status", "431", "x", stream.headers.join()])
      stream.write(Buffer.from("too large"))
      stream.end()
      stream.refuseRest()
    }
    const client = await RawClient.open({ limits: { headerListBytesMax: 1_000 }, onOversizedHead })
    const large = head(1, [...postHead, "x", "y".repeat(1_000)], true)
    expect(await client.send(large)).toEqual([
      "HEADERS 1 :status 431 x ",
      'DATA 1 "too large" end',
      "RST_STREAM 1 noError",
    ])
  })

  it("end a connection whose header block does not end, by its bytes or by its frames", async () => {
    const limits = { headerBlockBytesMax: 40_000, headerBlockFramesMax: 8 }
    const large = await RawClient.open({ limits })
    const pieces = many(3, () => frame(9, 0, 1, Buffer.alloc(16_000)))
    expect(await last(large.send(frame(1, 0, 1, "a"), pieces))).toMatch(/^GOAWAY 0 enhanceYourCalm a header block/)
    const empty = await RawClient.open({ limits })
    expect(
      await last(
        empty.send(
          frame(1, 0, 1),
          many(8, () => frame(9, 0, 1)),
        ),
      ),
    ).toMatch(/^GOAWAY 0 enhanceYourCalm/)
  })

  it("end a connection that opens streams only to break them off, and let some be broken off each second", async () => {
    const limits = { resetsMax: 10, resetsPerSecond: 2 }
    const client = await RawClient.open({ limits })
    const rapid = (from: number, count: number): Buffer =>
      many(count, (at) => Buffer.concat([head(id(from + at)), reset(id(from + at))]))
    expect(await client.send(rapid(0, 10))).toEqual([])
    await client.clock.advance(1_000)
    expect(await client.send(rapid(10, 2))).toEqual([])
    expect(await last(client.send(rapid(12, 1)))).toMatch(/^GOAWAY 25 enhanceYourCalm too many streams/)
  })

  it("hold for streams that a client has broken off by a mistake, too", async () => {
    const client = await RawClient.open({ limits: { resetsMax: 10, resetsPerSecond: 0 } })
    const bad = many(11, (at) => head(id(at), [":method", "GET"]))
    expect(await last(client.send(bad))).toMatch(/^GOAWAY 21 enhanceYourCalm/)
  })

  it("end a connection whose frames say nothing", async () => {
    const limits = { emptyFramesMax: 10, emptyFramesPerSecond: 0 }
    const empty = await RawClient.open({ limits })
    expect(
      await empty.send(
        head(1, postHead),
        many(10, () => data(1, "")),
        ping(),
      ),
    ).toEqual(["PING ack 8 bytes!"])
    expect(await last(empty.send(data(1, "")))).toMatch(/^GOAWAY 1 enhanceYourCalm too many frames/)
    const padded = await RawClient.open({ limits })
    const padding = many(11, () => frame(0, 8, 1, Buffer.from([2, 0, 0])))
    expect(await last(padded.send(head(1, postHead), padding))).toMatch(/^GOAWAY 1 enhanceYourCalm/)
    const restless = await RawClient.open({ limits })
    expect(await last(restless.send(many(11, () => settings())))).toMatch(/^GOAWAY 0 enhanceYourCalm/)
  })

  it.each(["pings", "requests"])("end a connection that sends %s and does not read the answers", async (kind) => {
    const client = await RawClient.open({ limits: { unreadAnswersMax: 100 }, onStream: ok })
    client.socket.isStuck = true
    await client.send(many(100, () => ping()))
    let at = 0
    const some = (): Buffer => many(50, () => (kind === "pings" ? ping() : head(id(at++))))
    for (let times = 0; times < 2; times++) await client.send(some())
    expect(client.socket.writableEnded).toBe(false)
    await client.send(some())
    expect(client.socket.writableEnded).toBe(true)
    await client.clock.advance(10_000)
    await client.told()
    expect(client.socket.destroyed).toBe(true)
    expect(client.ended).toMatch(/answers wait to be read/)
  })

  it("break a stream off that says more than its client reads, and no other", async () => {
    const codes: number[] = []
    const client = await RawClient.open({ limits: { unreadBytesMax: 100_000 } })
    await client.send(head(1), head(3))
    client.stream().handlers = { onClose: (code) => codes.push(code) }
    for (const stream of client.streams) stream.respond([":status", "200"])
    // One answer may be larger, and is only held back.
    expect(client.stream().write(Buffer.alloc(300_000))).toBe(false)
    expect(client.stream().isClosed).toBe(false)
    client.stream().write(Buffer.alloc(1))
    expect((await client.told()).at(-1)).toBe("RST_STREAM 1 enhanceYourCalm")
    expect(codes).toEqual([errorCode.enhanceYourCalm])
    expect(client.connection.unread).toBe(0)
    expect(client.connection.openStreams).toBe(1)
  })

  it("break a stream off whose body nobody takes, when too much waits on all of them", async () => {
    const limits = { heldBytesMax: 20_000 }
    const client = await RawClient.open({ limits, onStream: (stream) => stream.pause() })
    const kilobytes = (stream: number): Buffer => data(stream, Buffer.alloc(9_000))
    expect(await client.send(head(1, postHead), kilobytes(1), head(3, postHead), kilobytes(3), kilobytes(3))).toEqual([
      "RST_STREAM 3 enhanceYourCalm",
    ])
    // What it held is free again.
    expect(await client.send(kilobytes(1))).toEqual([])
  })
})

describe("a connection on which nothing happens", () => {
  it("is closed when the client does not begin in time", async () => {
    const client = new RawClient({ limits: { openingMsMax: 1_000 } })
    await client.send(preface)
    await client.clock.advance(1_000)
    await client.told()
    expect(client.socket.destroyed).toBe(true)
  })

  it("is closed with GOAWAY after its time, but not while a stream is open, nor while pings come", async () => {
    const client = await RawClient.open({ limits: { openingMsMax: 10, idleMsMax: 1_000 } })
    await client.clock.advance(10)
    await client.send(head(1))
    await client.clock.advance(5_000)
    expect(await client.told()).toEqual([])
    ok(client.stream())
    await client.told()
    for (let times = 0; times < 3; times++) {
      await client.clock.advance(900)
      expect(await client.send(ping())).toEqual(["PING ack 8 bytes!"])
    }
    await client.clock.advance(2_000)
    expect(await client.told()).toEqual(["GOAWAY 2147483647 noError", "PING goodbye!"])
    await client.clock.advance(5_000)
    await client.told()
    expect(client.socket.destroyed).toBe(true)
  })
})
