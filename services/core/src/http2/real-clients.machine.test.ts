import { execFile } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer, type Server } from "node:net"
import { promisify } from "node:util"
import { systemClock } from "@wick/sdk/clock"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type ServerStream, serveConnection } from "./index.ts"

const run = promisify(execFile)
const large = Buffer.alloc(3_000_000, "x")

let server: Server
let url: string
let faults: string[]

/** Says how long a body was, or gives a large one. */
function answer(stream: ServerStream): void {
  let bytes = 0
  const end = (): void => {
    stream.respond([":status", "200", "content-type", "text/plain"])
    stream.write(stream.path === "/large" ? large : Buffer.from(`${stream.method} ${bytes}`))
    stream.end(["x-bytes", String(bytes)])
  }
  stream.handlers = {
    onData: (chunk) => {
      bytes += chunk.length
    },
    onEnd: end,
  }
  if (stream.endsAtHead) end()
}

beforeEach(async () => {
  faults = []
  server = createServer({ noDelay: true }, (socket) => {
    serveConnection(socket, {
      clock: systemClock,
      onStream: answer,
      onClose: (fault) => fault && faults.push(fault.message),
    })
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  const closed = once(server, "close")
  server.close()
  await closed
  expect(faults).toEqual([])
})

describe("clients that others have written", () => {
  it("curl gets an answer of some megabytes, sends a body of some, and sees trailers", async () => {
    const curl = async (...args: string[]): Promise<Buffer> => {
      const given = ["-sS", "--http2-prior-knowledge", "--max-time", "20", ...args]
      return (await run("curl", given, { encoding: "buffer", maxBuffer: 2 * large.length })).stdout
    }
    expect((await curl(`${url}/large`)).equals(large)).toBe(true)
    expect(String(await curl("--data-binary", "x".repeat(100_000), `${url}/`))).toBe("POST 100000")
    expect(String(await curl("-D", "-", "-X", "PUT", "--data-binary", "abc", `${url}/`))).toMatch(
      /^HTTP\/2 200[\s\S]*PUT 3[\s\S]*x-bytes: 3|^HTTP\/2 200[\s\S]*x-bytes: 3[\s\S]*PUT 3/,
    )
  })

  it("nghttp hears settings, an answer and its end, with padding and priorities of its own", async () => {
    const { stdout } = await run("nghttp", ["-nv", "--padding=100", "-w", "14", "-m", "3", `${url}/large`], {
      maxBuffer: 2 * large.length,
    })
    expect(stdout).toContain("recv SETTINGS frame")
    expect(stdout.match(/:status: 200/g)?.length).toBe(3)
    expect(stdout.match(/; END_STREAM/g)?.length).toBeGreaterThanOrEqual(3)
    expect(stdout).not.toContain("error_code=PROTOCOL_ERROR")
  })

  it("h2load has ten thousand calls answered over ten connections, none of them wrong", async () => {
    const { stdout } = await run("h2load", ["-n", "10000", "-c", "10", "-m", "50", `${url}/`])
    expect(stdout).toContain("10000 total, 10000 started, 10000 done, 10000 succeeded, 0 failed, 0 errored, 0 timeout")
  })
})
