import type { IncomingMessage } from "node:http"
import { type Duplex, PassThrough } from "node:stream"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import type { ProcessSession, StreamRequest, StreamSession } from "../../runtime/runtime.ts"
import { serveSpdySession } from "./session.ts"
import { SpdyClient, wire } from "./testing/spdy-client.ts"

const streams = { stdin: true, stdout: true, stderr: true, tty: false }
const exec: StreamRequest = { kind: "exec", containerId: "one", command: ["cat"], streams }

function begin(
  wanted: StreamRequest,
  start: () => Promise<StreamSession>,
  protocols = "v4.channel.k8s.io, v3.channel.k8s.io",
) {
  const [ours, theirs] = wire()
  ours.on("error", () => {})
  const head: Buffer[] = []
  theirs.once("data", (chunk: Buffer) => head.push(chunk))
  const headers = { upgrade: "SPDY/3.1", "x-stream-protocol-version": protocols }
  const request = { headers } as unknown as IncomingMessage
  serveSpdySession({ target: { kind: "session", start }, wanted, log: silentLog }, request, ours, Buffer.alloc(0))
  return { head: () => String(head[0]), client: () => new SpdyClient(theirs), socket: ours }
}

/** A process that says what it hears, and ends as it is told. */
function process() {
  const end = Promise.withResolvers<number>()
  const sizes: number[][] = []
  let closed = false
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  const session: ProcessSession = {
    ...{ kind: "process", stdin, stdout: stdin, stderr, ended: end.promise },
    resize: async (...size) => void sizes.push(size),
    close: async () => {
      closed = true
    },
  }
  return { session, stderr, end: end.resolve, sizes, closed: () => closed }
}

describe("a session of SPDY", () => {
  it("begins when all its streams are there, and ends when all is said, with how the command ended", async () => {
    const { session, stderr, end } = process()
    let started = 0
    const served = begin(exec, async () => {
      started += 1
      return session
    })
    await expect.poll(served.head).toContain("101 Switching Protocols\r\n")
    expect(served.head()).toContain("X-Stream-Protocol-Version: v4.channel.k8s.io\r\n")
    const client = served.client()
    for (const [index, streamType] of ["error", "stdin", "stdout"].entries())
      await client.open(2 * index + 1, { streamType })
    await expect.poll(() => client.said).toEqual([2, 2, 2])
    expect(started).toBe(0)
    await client.open(7, { streamType: "stderr" })
    client.data(3, "hello", true)
    await expect.poll(() => client.said).toEqual([2, 2, 2, 2, "5:hello", "5!"])
    end(3)
    stderr.end("oh")
    await expect.poll(() => client.said.at(-1)).toBe(7)
    const told = client.said.filter((said) => String(said).startsWith("1:"))
    expect(JSON.parse(String(told[0]).slice(2))).toMatchObject({
      status: "Failure",
      details: { causes: [{ reason: "ExitCode", message: "3" }] },
    })
    expect(client.said).toEqual(expect.arrayContaining(["7:oh", "7!", "1!"]))
    expect(started).toBe(1)
  })

  it("gives a terminal its sizes, and minds nothing else in their place", async () => {
    const { session, sizes } = process()
    const tty = { ...streams, stderr: false, tty: true }
    const served = begin({ ...exec, streams: tty }, async () => session)
    await expect.poll(served.head).toContain("101")
    const client = served.client()
    const types = ["error", "stdin", "stdout", "resize"]
    for (const [index, streamType] of types.entries()) await client.open(2 * index + 1, { streamType })
    client.data(7, '{"Width":80,"Height":24}\nnothing\n{"Width":100,')
    client.data(7, '"Height":50}\n')
    await expect
      .poll(() => sizes)
      .toEqual([
        [80, 24],
        [100, 50],
      ])
  })

  it("is over for the process when the client goes", async () => {
    const { session, closed } = process()
    const served = begin({ ...exec, streams: { ...streams, stdin: false, stderr: false } }, async () => session)
    await expect.poll(served.head).toContain("101")
    const client = served.client()
    await client.open(1, { streamType: "error" })
    await client.open(3, { streamType: "stdout" })
    await expect.poll(() => client.said).toEqual([2, 2])
    served.socket.destroy()
    await expect.poll(closed).toBe(true)
  })

  it("says why a command cannot begin", async () => {
    const served = begin(exec, () => Promise.reject(new Error("no such file")))
    await expect.poll(served.head).toContain("101")
    const client = served.client()
    const types = ["error", "stdin", "stdout", "stderr"]
    for (const [index, streamType] of types.entries()) await client.open(2 * index + 1, { streamType })
    await expect.poll(() => client.said.find((said) => String(said).startsWith("1:"))).toContain("no such file")
  })

  it("joins two streams of one number with a port, and says in one of them what is wrong with it", async () => {
    const ports: number[] = []
    const connect = async (port: number): Promise<Duplex> => {
      ports.push(port)
      if (port === 9) throw new Error("refused")
      return new PassThrough()
    }
    const wanted: StreamRequest = { kind: "port-forward", sandboxId: "one", ports: [] }
    const session: StreamSession = { kind: "ports", ports: [], connect, close: async () => {} }
    const served = begin(wanted, async () => session, "portforward.k8s.io")
    await expect.poll(served.head).toContain("101")
    const client = served.client()
    await client.open(1, { streamType: "error", port: "80", requestID: "0" })
    await client.open(3, { streamType: "error", port: "9", requestID: "1" })
    await client.open(5, { streamType: "data", port: "9", requestID: "1" })
    await client.open(7, { streamType: "data", port: "80", requestID: "0" })
    client.data(7, "to and fro", true)
    await expect
      .poll(() => client.said)
      .toEqual(expect.arrayContaining(["7:to and fro", "7!", "1!", "3:refused", "3!"]))
    expect(ports).toEqual([9, 80])
  })

  it("is refused to who speaks another protocol", () => {
    expect(() => begin(exec, () => Promise.reject(new Error("never")), "channel.k8s.io")).toThrow(
      "of protocols only v4.channel.k8s.io is spoken here, not channel.k8s.io",
    )
  })
})
