import { describe, expect, it } from "vitest"
import { errorCode } from "./error-code.ts"
import { frameFlag, frameType } from "./frame.ts"
import { encodeAlone } from "./hpack/testing/encode-alone.ts"
import type { ServerStream } from "./server-stream.ts"
import { data, frame, getHead, head, ping, postHead, reset } from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

/** A client whose streams write down what they hear. */
async function listening(): Promise<{ client: RawClient; heard: string[] }> {
  const heard: string[] = []
  const onStream = (stream: ServerStream): void => {
    const note = (text: string): void => void heard.push(`${stream.id} ${text}`)
    stream.handlers = {
      onData: (bytes) => note(`data ${bytes}`),
      onEnd: (trailers) => note(`end ${trailers.join(" ")}`.trim()),
      onClose: (code) => note(`close ${code}`),
    }
  }
  return { client: await RawClient.open({ onStream }), heard }
}

describe("a stream", () => {
  it("is over when both sides have ended, the client first", async () => {
    const { client, heard } = await listening()
    await client.send(head(1, postHead), data(1, "a"), data(1, "b", true))
    expect(heard).toEqual(["1 data a", "1 data b", "1 end"])
    const stream = client.stream()
    stream.respond([":status", "200"])
    stream.end()
    expect(stream.isClosed).toBe(true)
    expect(heard.length).toBe(3) // told later, never from within
    await client.told()
    expect(heard.at(-1)).toBe("1 close 0")
  })

  it("is over when both sides have ended, the server first; what still comes is thrown away", async () => {
    const { client, heard } = await listening()
    await client.send(head(1, postHead))
    const stream = client.stream()
    stream.respond([":status", "200"], true)
    expect(await client.send(data(1, "a"))).toEqual(["HEADERS 1 :status 200 end"])
    expect(stream.isClosed).toBe(false)
    await client.send(data(1, "b", true))
    expect(heard).toEqual(["1 close 0"])
  })

  it("may refuse the rest of a body after its answer, and takes no offence at what was on its way", async () => {
    const { client } = await listening()
    await client.send(head(1, postHead))
    const stream = client.stream()
    stream.respond([":status", "413"], true)
    stream.refuseRest()
    expect(await client.told()).toEqual(["HEADERS 1 :status 413 end", "RST_STREAM 1 noError"])
    expect(await client.send(data(1, "a"), data(1, "b", true), ping())).toEqual(["PING ack 8 bytes!"])
  })

  it("hears of trailers with the end", async () => {
    const { client, heard } = await listening()
    await client.send(head(1, postHead), data(1, "a"), head(1, ["x", "y"]))
    expect(heard).toEqual(["1 data a", "1 end x y"])
  })

  it("that a client breaks off is told why, once, and says nothing any more", async () => {
    const { client, heard } = await listening()
    await client.send(head(1, postHead), reset(1, errorCode.cancel), reset(1, errorCode.cancel))
    expect(heard).toEqual(["1 close 8"])
    const stream = client.stream()
    stream.respond([":status", "200"])
    expect(stream.write(Buffer.from("x"))).toBe(true)
    stream.end(["x", "y"])
    stream.reset(errorCode.cancel)
    expect(await client.told()).toEqual([])
  })

  it("that is broken off here says so, and throws away what was on its way", async () => {
    const { client, heard } = await listening()
    await client.send(head(1, postHead))
    client.stream().reset(errorCode.enhanceYourCalm)
    expect(await client.told()).toEqual(["RST_STREAM 1 enhanceYourCalm"])
    expect(heard).toEqual(["1 close 11"])
    expect(await client.send(data(1, "a"), head(1, ["x", "y"]), ping())).toEqual(["PING ack 8 bytes!"])
  })

  it("has one head, before its body, and no body after its end: else whoever answers has a bug", async () => {
    const { client } = await listening()
    await client.send(head(1), head(3))
    expect(() => client.stream().write(Buffer.from("x"))).toThrow("before its head")
    expect(() => client.stream().end()).toThrow("before its head")
    client.stream().respond([":status", "200"])
    expect(() => client.stream().respond([":status", "200"])).toThrow("has its head already")
  })
})

describe("a mistake of one stream", () => {
  const mistakes: [string, string, ...Buffer[]][] = [
    ["a malformed head", "protocolError", head(1, [":method", "GET"])],
    ["a head that says a length, and ends", "protocolError", head(1, [...getHead, "content-length", "3"])],
    ["more body than was said", "protocolError", head(1, [...postHead, "content-length", "3"], true), data(1, "abcd")],
    [
      "less body than was said",
      "protocolError",
      head(1, [...postHead, "content-length", "3"], true),
      data(1, "ab", true),
    ],
    ["DATA after the end", "streamClosed", head(1), data(1, "x")],
    ["HEADERS after the end", "streamClosed", head(1), head(1, ["x", "y"])],
    ["trailers that do not end it", "protocolError", head(1, postHead), head(1, ["x", "y"], true)],
    ["trailers with a pseudo-header", "protocolError", head(1, postHead), head(1, [":path", "/"])],
  ]
  it.each(mistakes)("such as %s, breaks it off with %s, and no other", async (_, code, ...frames) => {
    const { client, heard } = await listening()
    const said = await client.send(...frames, ping(), head(3))
    expect(said).toEqual([`RST_STREAM 1 ${code}`, "PING ack 8 bytes!"])
    expect(client.connection.openStreams).toBe(1)
    expect(heard.filter((line) => line.startsWith("3"))).toEqual([])
  })

  it("that is over breaks nothing else off; a head after the end of both sides ends the connection", async () => {
    const { client } = await listening()
    await client.send(head(1))
    client.stream().respond([":status", "200"], true)
    await client.told()
    expect(await client.send(data(1, "x"))).toEqual(["RST_STREAM 1 streamClosed"])
    await client.send(head(3))
    client.stream(1).respond([":status", "200"], true)
    await client.told()
    expect((await client.send(head(3, postHead))).at(-1)).toMatch(/^GOAWAY 3 streamClosed /)
  })

  it("leaves the tables of headers in step: the block of a refused stream is read all the same", async () => {
    const { client } = await listening()
    // Says `x: y` in a way that both ends remember, with a name that is refused before it.
    const bad = Buffer.concat([encodeAlone([...getHead, "BAD", "1"]), Buffer.from([0x40, 1, 0x78, 1, 0x79])])
    const good = Buffer.concat([encodeAlone(getHead), Buffer.from([0x80 | 62])])
    const flags = frameFlag.endHeaders | frameFlag.endStream
    await client.send(frame(frameType.headers, flags, 1, bad), frame(frameType.headers, flags, 3, good))
    expect(client.streams.map(({ id, headers }) => [id, headers.slice(-2)])).toEqual([[3, ["x", "y"]]])
  })
})
