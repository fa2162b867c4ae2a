import { once } from "node:events"
import { createServer } from "node:http"
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2"
import { createConnection } from "node:net"
import { type Random, seededRandom } from "@wick/sdk/clock"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { pieces } from "../../fuzz/mutate.ts"
import { ClientFrames, type Frame, frameHeadSize, frameType, preface } from "./client-frames.ts"
import { type Listener, listen } from "./listen.ts"
import { openingSizeMax } from "./opening.ts"

let listener: Listener
/** What the server was asked, by the path. */
let asked: Map<string, IncomingHttpHeaders>

beforeEach(async () => {
  asked = new Map()
  listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    http1: createServer(),
    accept: (session) =>
      session.on("stream", (stream, headers) => {
        asked.set(headers[":path"] ?? "", headers)
        stream.respond({ ":status": 200 })
        stream.end()
        stream.resume()
      }),
  })
})
afterEach(() => listener.close())

const client = (): ClientHttp2Session => connect(`http://127.0.0.1:${listener.port}`)

async function ask(session: ClientHttp2Session, headers: Record<string, string>, body = ""): Promise<void> {
  const stream = session.request({ ":method": "POST", ...headers })
  stream.end(body)
  stream.resume()
  const [answer] = (await once(stream, "response")) as [IncomingHttpHeaders]
  expect(answer[":status"]).toBe(200)
  await once(stream, "close")
}

describe("an authority", () => {
  // nghttp2, which Node speaks HTTP/2 with, writes and reads the headers: it is who has to agree.
  it("that is a URL is taken, however often it is said, and no other header is changed", async () => {
    const random = seededRandom(Number(process.env.WICK_FUZZ_SEED ?? 1))
    for (let connection = 0; connection < 4; connection++) {
      const session = client()
      const common = authority(random, true)
      for (let call = 0; call < 60; call++) {
        const given = {
          ":path": `/${connection}/${call}`,
          ":authority": call > 0 && random.below(3) === 0 ? authority(random, random.below(2) === 0) : common,
          // Drives the one before out of the compression's table, now and then into a second frame.
          "x-large": text(random, random.below(10) === 0 ? 20_000 : 600),
          "x-url": "http://a/b",
        }
        await ask(session, given, text(random, random.below(40_000)))
        const expected = { ...given, ":authority": given[":authority"].replaceAll("/", ".") }
        expect(asked.get(given[":path"])).toMatchObject(expected)
      }
      session.close()
    }
  })

  it("that is none the first time is not looked at again", async () => {
    const session = client()
    await ask(session, { ":path": "/1", ":authority": "127.0.0.1:2379" })
    const stream = session.request({ ":path": "/2", ":authority": "http://127.0.0.1:2379" })
    const [error] = (await once(stream, "error")) as [NodeJS.ErrnoException]
    expect(error.message).toContain("NGHTTP2_PROTOCOL_ERROR")
    await ask(session, { ":path": "/3", ":authority": "127.0.0.1:2379" })
    expect([...asked.keys()]).toEqual(["/1", "/3"])
    session.close()
  })
})

describe("a client that waits for the server's settings", () => {
  const settings = Buffer.from("000000040000000000", "hex")
  const settingsTaken = Buffer.from("000000040100000000", "hex")
  const ping = Buffer.from("000008060000000000aabbccddeeff0011", "hex")
  // POST http / with `:authority: http://x`, plain.
  const call = Buffer.concat([Buffer.from("00000d010500000001838684410868747470", "hex"), Buffer.from("://x")])

  it("gets them, has its pings answered, and then its call; the server hears nothing of that", async () => {
    const socket = createConnection(listener.port, "127.0.0.1")
    const frames = framesOf(socket)
    socket.write(Buffer.concat([preface, settings]))
    expect((await frames.next()).value).toMatchObject({ type: frameType.settings, flags: 0 })
    socket.write(ping)
    const pong = (await frames.next()).value as Frame
    expect([pong.type, pong.flags, pong.bytes.subarray(frameHeadSize).toString("hex")]).toEqual([
      6,
      1,
      "aabbccddeeff0011",
    ])
    socket.write(call)
    socket.write(settingsTaken)
    const answered = new Set<number>()
    for await (const { type } of frames) if (answered.add(type).has(frameType.headers)) break
    expect(asked.get("/")?.[":authority"]).toBe("http:..x")
    expect(answered.has(7)).toBe(false) // no complaint
    socket.destroy()
  })

  it("is given up when it sends too much before it takes them", async () => {
    const socket = createConnection(listener.port, "127.0.0.1")
    socket.on("error", () => {}) // what is written to who has gone
    socket.resume()
    socket.write(Buffer.concat([preface, settings]))
    const chunk = Buffer.concat(Array.from({ length: 1000 }, () => settings))
    for (let sent = 0; sent <= openingSizeMax; sent += chunk.length) socket.write(chunk)
    await once(socket, "close")
    expect(asked.size).toBe(0)
  })

  it("may bring its bytes one by one", async () => {
    const socket = createConnection({ port: listener.port, host: "127.0.0.1", noDelay: true })
    const frames = framesOf(socket)
    for (const piece of pieces(Buffer.concat([preface, settings, settingsTaken, call]), seededRandom(1))) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    for await (const { type } of frames) if (type === frameType.headers) break
    expect(asked.get("/")?.[":authority"]).toBe("http:..x")
    socket.destroy()
  })
})

async function* framesOf(socket: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const cutter = new ClientFrames()
  for await (const chunk of socket) yield* cutter.push(chunk)
}

const authorityCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:[]%"

function authority(random: Random, isUrl: boolean): string {
  const character = (): string => authorityCharacters[random.below(authorityCharacters.length)] ?? ""
  const host = (size: number): string => Array.from({ length: size }, character).join("")
  return isUrl ? `http${random.below(2) === 0 ? "s" : ""}://${host(random.below(300))}/${host(3)}` : host(40)
}

function text(random: Random, size: number): string {
  return Array.from({ length: size }, () => String.fromCharCode(97 + random.below(26))).join("")
}
