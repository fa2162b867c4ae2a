import { describe, expect, it } from "vitest"
import { data, frame, head, ping, postHead, reset, settings, windowUpdate } from "./testing/frames.ts"
import { RawClient } from "./testing/raw-client.ts"

const ok = [":status", "200"]
const initialWindow = 4
const _frameSize = 5

describe("what a client allows to be sent", () => {
  it("holds an answer back, and it goes on as the stream's window widens", async () => {
    const client = await RawClient.open({}, [initialWindow, 5])
    await client.send(head(1))
    const stream = client.stream()
    stream.respond(ok)
    stream.write(Buffer.from("0123456789abc"))
    stream.end(["x", "y"])
    expect(await client.told()).toEqual(["HEADERS 1 :status 200", 'DATA 1 "01234"'])
    expect(stream.unread).toBe(8)
    expect(client.connection.unread).toBe(8)
    expect(await client.send(windowUpdate(1, 3))).toEqual(['DATA 1 "567"'])
    expect(await client.send(windowUpdate(1, 100))).toEqual(['DATA 1 "89abc"', "HEADERS 1 x y end"])
    expect(client.connection.unread).toBe(0)
    expect(stream.isClosed).toBe(true)
  })

  it("is 65,535 bytes for all streams until it says more, whatever each stream may", async () => {
    const client = await RawClient.open({}, [initialWindow, 1_000_000])
    await client.send(head(1), head(3))
    for (const stream of client.streams) {
      stream.respond(ok)
      stream.write(Buffer.alloc(50_000))
    }
    const said = (await client.told()).filter((line) => line.startsWith("DATA"))
    const bytesOf = (lines: string[]): number => lines.reduce((sum, line) => sum + Number(line.split(" ")[2]), 0)
    expect(bytesOf(said)).toBe(65_535)
    expect(bytesOf(await client.send(windowUpdate(0, 100_000)))).toBe(100_000 - 65_535)
  })

  it("goes on below zero when the client narrows its windows, and nothing is sent until it is above again", async () => {
    const client = await RawClient.open({}, [initialWindow, 10])
    await client.send(head(1))
    client.stream().respond(ok)
    client.stream().write(Buffer.from("0123456789abcdef"))
    await client.told()
    expect(await client.send(settings([initialWindow, 2]))).toEqual(["SETTINGS ack"])
    expect(await client.send(windowUpdate(1, 8))).toEqual([])
    expect(await client.send(windowUpdate(1, 1))).toEqual(['DATA 1 "a"'])
    expect(await client.send(settings([initialWindow, 4]))).toEqual(['DATA 1 "bc"', "SETTINGS ack"])
  })

  it("may be a window of more than 2^31-1 for no stream, which is that stream's end alone", async () => {
    const client = await RawClient.open()
    await client.send(head(1, postHead), head(3, postHead))
    expect(await client.send(windowUpdate(1, 2 ** 31 - 1), ping())).toEqual([
      "RST_STREAM 1 flowControlError",
      "PING ack 8 bytes!",
    ])
    expect(await client.send(windowUpdate(3, 0), ping())).toEqual(["RST_STREAM 3 protocolError", "PING ack 8 bytes!"])
    expect(client.connection.openStreams).toBe(0)
  })

  it("has streams take turns, a frame each, once there is less than they want", async () => {
    const client = await RawClient.open({}, [initialWindow, 1_000_000])
    await client.send(windowUpdate(0, 1_000_000), head(1), head(3))
    client.socket.isStuck = true
    for (const stream of client.streams) {
      stream.respond(ok)
      stream.write(Buffer.alloc(350_000))
    }
    await client.told()
    expect(client.streams.every(({ unread }) => unread > 50_000)).toBe(true)
    client.socket.goOn()
    const turns = (await client.told()).filter((line) => line.startsWith("DATA")).map((line) => line.split(" ")[1])
    // What was on its way to the socket before the second had anything to say is the first's alone.
    const shared = turns.indexOf("3")
    expect(turns.slice(shared, shared + 6)).toEqual(["3", "1", "3", "1", "3", "1"])
  })

  it("is forgotten with a stream that it breaks off", async () => {
    const client = await RawClient.open({}, [initialWindow, 5])
    await client.send(head(1))
    client.stream().respond(ok)
    client.stream().write(Buffer.alloc(50))
    await client.told()
    expect(await client.send(reset(1), windowUpdate(1, 100))).toEqual([])
    expect(client.connection.unread).toBe(0)
  })
})

describe("an answer", () => {
  it("that is said in pieces within a turn leaves in one write, and its data in one frame", async () => {
    const client = await RawClient.open()
    await client.send(head(1), head(3))
    for (const stream of client.streams) {
      stream.respond(ok)
      for (const piece of ["a", "b", "c"]) stream.write(Buffer.from(piece))
      stream.end()
    }
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    expect(client.socket.writes.length).toBe(1)
    expect(await client.told()).toEqual([
      "HEADERS 1 :status 200",
      'DATA 1 "abc" end',
      "HEADERS 3 :status 200",
      'DATA 3 "abc" end',
    ])
  })

  it("whose end comes later ends with a frame of its own", async () => {
    const client = await RawClient.open()
    await client.send(head(1))
    client.stream().respond(ok)
    client.stream().write(Buffer.from("a"))
    await client.told()
    client.stream().end()
    expect(await client.told()).toEqual(['DATA 1 "" end'])
  })

  it("waits in its stream while the socket takes nothing, and its maker is told once it has been taken", async () => {
    let drained = 0
    const client = await RawClient.open({ limits: { streamUnreadBytesMin: 1_000 } }, [initialWindow, 1_000_000])
    await client.send(windowUpdate(0, 1_000_000), head(1))
    const stream = client.stream()
    stream.handlers = {
      onDrained: () => {
        drained += 1
      },
    }
    stream.respond(ok)
    client.socket.isStuck = true
    expect(stream.write(Buffer.alloc(400_000))).toBe(false)
    await client.told()
    expect(stream.unread).toBeGreaterThan(100_000)
    expect(stream.write(Buffer.alloc(10))).toBe(false)
    expect(drained).toBe(0)
    client.socket.goOn()
    await client.told()
    expect([stream.unread, stream.written, drained]).toEqual([0, 400_010, 1])
    expect(stream.write(Buffer.alloc(10))).toBe(true)
  })
})

describe("what a client may send", () => {
  it("is given back when half of a window has been taken", async () => {
    const limits = { streamWindowBytes: 1_000, connectionWindowBytes: 100_000 }
    const client = await RawClient.open({ limits })
    expect(await client.send(head(1, postHead), data(1, Buffer.alloc(499)))).toEqual([])
    expect(await client.send(data(1, "x"))).toEqual(["WINDOW_UPDATE 1 500"])
    expect(await client.send(data(1, Buffer.alloc(999)))).toEqual(["WINDOW_UPDATE 1 999"])
    // Padding counts too.
    const padded = Buffer.concat([Buffer.from([255]), Buffer.from("x"), Buffer.alloc(255)])
    expect(await client.send(frame(0, 8, 1, padded), frame(0, 8, 1, padded))).toEqual(["WINDOW_UPDATE 1 514"])
  })

  it("is given back for the connection whoever took it, a stream that is gone too", async () => {
    const limits = { connectionWindowBytes: 65_535 }
    const client = await RawClient.open({ limits })
    await client.send(head(1, postHead))
    client.stream().reset(0)
    await client.told()
    expect(await client.send(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)))).toEqual([])
    expect(await client.send(data(1, Buffer.alloc(16_000)))).toEqual(["WINDOW_UPDATE 0 48000"])
  })

  it("is no more than the stream's window, or the stream is broken off", async () => {
    const client = await RawClient.open({ limits: { streamWindowBytes: 10 } })
    await client.send(head(1, postHead))
    client.stream().pause()
    expect(await client.send(data(1, Buffer.alloc(11)))).toEqual(["RST_STREAM 1 flowControlError"])
  })

  it("waits on a stream that is paused, with its end, and is had in order when it goes on", async () => {
    const heard: string[] = []
    const client = await RawClient.open({
      limits: { streamWindowBytes: 16 },
      onStream: (stream) => {
        stream.handlers = {
          onData: (bytes) => {
            heard.push(String(bytes))
            stream.pause()
          },
          onEnd: () => heard.push("end"),
        }
      },
    })
    await client.send(head(1, postHead))
    expect(await client.send(data(1, "abcdefgh"), data(1, "ijkl"), data(1, "mn", true))).toEqual(["WINDOW_UPDATE 1 8"])
    expect(heard).toEqual(["abcdefgh"])
    for (const next of ["ijkl", "mn", "end"]) {
      client.stream().resume()
      await client.told()
      expect(heard.at(-1)).toBe(next)
    }
  })
})
