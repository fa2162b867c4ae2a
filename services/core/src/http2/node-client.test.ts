import { once } from "node:events"
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2"
import { type AddressInfo, createServer, type Server } from "node:net"
import { systemClock } from "@wick/sdk/clock"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { serveConnection } from "./index.ts"

let server: Server
let session: ClientHttp2Session

/** Sends back what it is sent, and says how much that was. */
beforeEach(async () => {
  server = createServer({ noDelay: true }, (socket) => {
    serveConnection(socket, {
      clock: systemClock,
      onStream: (stream) => {
        let bytes = 0
        const answer = (): void => {
          stream.write(Buffer.alloc(bytes, "x"))
          stream.end(["x-bytes", String(bytes)])
        }
        stream.respond([":status", "200", "x-path", stream.path])
        stream.handlers = {
          onData: (chunk) => {
            bytes += chunk.length
          },
          onEnd: answer,
        }
        if (stream.endsAtHead) answer()
      },
    })
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
afterEach(async () => {
  session.destroy()
  const closed = once(server, "close")
  server.close()
  await closed
})

describe("Node's own client", () => {
  it.each([0, 1, 16_384, 65_536, 3_000_000])("sends %i bytes and gets as many back, with trailers", async (size) => {
    const stream = session.request({ ":method": "POST", ":path": `/${size}` })
    stream.end(Buffer.alloc(size, "x"))
    let bytes = 0
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length
    })
    const trailers = once(stream, "trailers")
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders]
    expect(head).toMatchObject({ ":status": 200, "x-path": `/${size}` })
    expect((await trailers)[0]).toMatchObject({ "x-bytes": String(size) })
    await once(stream, "close")
    expect(bytes).toBe(size)
  })

  it("has 200 calls answered at once, each its own", async () => {
    const sizes = Array.from({ length: 200 }, (_, at) => at * 97)
    const answers = await Promise.all(
      sizes.map(async (size) => {
        const stream = session.request({ ":method": "POST", ":path": "/" })
        stream.end(Buffer.alloc(size))
        let bytes = 0
        for await (const chunk of stream) bytes += (chunk as Buffer).length
        return bytes
      }),
    )
    expect(answers).toEqual(sizes)
  })
})
