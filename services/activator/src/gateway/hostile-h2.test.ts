import { describe, expect, it } from "vitest"
import { inUse } from "../testing/in-use.ts"
import { endHeadersFlag, frameTypes, headerBlock, type RawH2, type StreamEnd, speakH2 } from "../testing/raw-h2.ts"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { type App, ask, startApp, startStage } from "../testing/stage.ts"

const megabyte = 1024 * 1024

const serve =
  (port: number, spec: Record<string, unknown> = {}) =>
  (cluster: ScriptedCluster): void => {
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", port, spec, "http1")
    cluster.pod("a", "app-1", "127.0.0.1")
  }

type Fields = readonly (readonly [string, string])[]

/** A good head, with other values for some pseudo-fields; an undefined one is left out. */
function head(changed: Record<string, string | undefined> = {}, more: Fields = []): Fields {
  const pseudo = { ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "app.test", ...changed }
  return [...Object.entries(pseudo).filter((pair): pair is [string, string] => pair[1] !== undefined), ...more]
}

interface Witness extends App {
  readonly reached: { url: string; headers: readonly string[]; body: string }[]
}

async function startWitness(): Promise<Witness> {
  const reached: Witness["reached"] = []
  const app = await startApp((incoming, response) => {
    let body = ""
    incoming.on("data", (chunk) => {
      body += chunk
    })
    incoming.on("end", () => {
      reached.push({ url: incoming.url ?? "", headers: incoming.rawHeaders, body })
      response.end("reached")
    })
    incoming.on("error", () => {})
  })
  return { ...app, reached }
}

describe("a request by HTTP/2 that would be another one by HTTP/1.1", () => {
  it.each<{ name: string; fields: Fields }>([
    { name: "capitals in a name", fields: head({}, [["X-A", "b"]]) },
    { name: "chunks", fields: head({}, [["transfer-encoding", "chunked"]]) },
    { name: "a connection", fields: head({}, [["connection", "x-a"]]) },
    { name: "keep-alive", fields: head({}, [["keep-alive", "1"]]) },
    { name: "an upgrade", fields: head({}, [["upgrade", "words"]]) },
    { name: "a coding of the hop", fields: head({}, [["te", "gzip"]]) },
    { name: "lines in a path", fields: head({ ":path": "/ HTTP/1.1\r\nx-smuggled: 1\r\n\r\nGET /" }) },
    { name: "a space in a path", fields: head({ ":path": "/a HTTP/1.1" }) },
    { name: "a tab in a path", fields: head({ ":path": "/a\tb" }) },
    { name: "an empty path", fields: head({ ":path": "" }) },
    { name: "no path", fields: head({ ":path": undefined }) },
    { name: "a path of another host", fields: head({ ":path": "http://other.test/" }) },
    { name: "a path without its slash", fields: head({ ":path": "a" }) },
    { name: "two paths", fields: [...head(), [":path", "/b"]] },
    { name: "lines in a method", fields: head({ ":method": "GET / HTTP/1.1\r\nx-smuggled: 1\r\n\r\nGET" }) },
    { name: "a space in a method", fields: head({ ":method": "GET /b" }) },
    { name: "no method", fields: head({ ":method": undefined }) },
    { name: "lines in an authority", fields: head({ ":authority": "app.test\r\nx-smuggled: 1" }) },
    { name: "a space in an authority", fields: head({ ":authority": "app.test x" }) },
    { name: "no authority and no host", fields: head({ ":authority": undefined }) },
    { name: "two authorities", fields: [...head(), [":authority", "app.test"]] },
    { name: "another host", fields: head({}, [["host", "other.test"]]) },
    { name: "a status", fields: head({ ":status": "200" }) },
    { name: "a field of the protocol's that there is not", fields: head({ ":smuggled": "1" }) },
    { name: "a field of the protocol's behind others", fields: [["x-a", "b"], ...head()] },
    { name: "a length of more than comes", fields: head({ ":method": "POST" }, [["content-length", "3"]]) },
    { name: "a length with a sign", fields: head({}, [["content-length", "+0"]]) },
    {
      name: "two lengths",
      fields: head({}, [
        ["content-length", "0"],
        ["content-length", "3"],
      ]),
    },
  ])("is refused, and its application not reached: $name", async ({ fields }) => {
    await using app = await startWitness()
    await using stage = await startStage(serve(app.port))
    const client = await speakH2(stage.port)
    const { status, how } = await client.ended(client.headers(fields))
    expect([400, 404, 0]).toContain(status)
    expect(status === 0 ? how : "refused").not.toBe("whole")
    client.socket.destroy()
    expect(app.reached).toEqual([])
    expect(await ask(stage.port, "app.test")).toMatchObject({ status: 200 })
  })

  it.each<{ name: string; fields: Fields }>([
    { name: "lines in a value", fields: head({}, [["x-a", "b\r\nx-smuggled: 1"]]) },
    { name: "a line feed in a value", fields: head({}, [["x-a", "b\nx-smuggled: 1"]]) },
    { name: "a carriage return in a value", fields: head({}, [["x-a", "b\rc"]]) },
    { name: "a NUL in a value", fields: head({}, [["x-a", "b\0c"]]) },
    { name: "lines in a name", fields: head({}, [["x-a: b\r\nx-smuggled", "1"]]) },
    { name: "a colon in a name", fields: head({}, [["x-a:", "b"]]) },
    { name: "a space in a name", fields: head({}, [["x a", "b"]]) },
    { name: "no name", fields: head({}, [["", "b"]]) },
  ])("loses a field that HTTP/2 does not know: $name", async ({ fields }) => {
    await using app = await startWitness()
    await using stage = await startStage(serve(app.port))
    const client = await speakH2(stage.port)
    expect(await client.ended(client.headers(fields))).toEqual({ status: 200, how: "whole" })
    client.socket.destroy()
    expect(app.reached).toHaveLength(1)
    const names = app.reached[0]?.headers.filter((_, at) => at % 2 === 0) ?? []
    expect(names.filter((name) => !name.startsWith("x-forwarded-")).sort()).toEqual(["connection", "forwarded", "host"])
  })

  it("has the bytes of a body that its frames have, whatever these look like", async () => {
    await using app = await startWitness()
    await using stage = await startStage(serve(app.port))
    const client = await speakH2(stage.port)
    const stream = client.headers(head({ ":method": "POST" }), false)
    const body = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: app.test\r\n\r\n"
    client.data(stream, body, true)
    expect(await client.ended(stream)).toEqual({ status: 200, how: "whole" })
    client.socket.destroy()
    expect(app.reached.map(({ url, body }) => [url, body])).toEqual([["/", body]])
  })
})

describe("a client that uses HTTP/2 against its gateway", () => {
  /** What the gateway holds more than before while `attack` goes on, and after it. */
  async function under(attack: (client: RawH2) => Promise<StreamEnd>): Promise<{ end: StreamEnd; grown: number }> {
    await using app = await startWitness()
    await using stage = await startStage(serve(app.port))
    await ask(stage.port, "app.test")
    const before = inUse()
    const client = await speakH2(stage.port)
    client.socket.resume()
    const end = await attack(client)
    const grown = inUse() - before
    expect(await ask(stage.port, "app.test")).toMatchObject({ status: 200, body: "reached" })
    client.socket.destroy()
    return { end, grown }
  }

  const drained = async ({ socket }: RawH2): Promise<void> => {
    if (socket.writableNeedDrain && !socket.destroyed) {
      await new Promise<void>((resolve) => {
        socket.once("drain", resolve)
        socket.once("close", resolve)
      })
    }
  }

  it("by opening streams and resetting them at once: loses its connection", async () => {
    const cancel = Buffer.from([0, 0, 0, 8])
    const { end, grown } = await under(async (client) => {
      for (let at = 0; at < 20_000 && !client.socket.destroyed; at++) {
        client.frame(frameTypes.reset, 0, client.headers(head()), cancel)
        await drained(client)
      }
      return client.ended(client.headers(head()))
    })
    expect(end.how).toBe("connection")
    expect(grown).toBeLessThan(20 * megabyte)
  })

  it("by a head that never ends: loses its connection", async () => {
    const { end, grown } = await under(async (client) => {
      const more = headerBlock([["x-a", "b".repeat(16_000)]])
      client.frame(frameTypes.headers, 0, 1, headerBlock(head()))
      for (let at = 0; at < 2_000 && !client.socket.destroyed; at++) {
        client.frame(frameTypes.continuation, 0, 1, more)
        await drained(client)
      }
      return client.ended(1)
    })
    expect(end.how).toBe("connection")
    expect(grown).toBeLessThan(5 * megabyte)
  })

  it("by a head that is small where it comes and large where it arrives: is refused", async () => {
    const { end, grown } = await under(async (client) => {
      // A field of 4 KB goes into the table; then a byte stands for it, 4,000 times.
      const field = headerBlock([["x-large", "b".repeat(3_900)]])
      field[0] = 0x40
      const block = Buffer.concat([headerBlock(head()), field, Buffer.alloc(4_000, 0x80 | 62)])
      client.frame(frameTypes.headers, endHeadersFlag | 1, 1, block)
      return client.ended(1)
    })
    expect(end.status).not.toBe(200)
    expect(grown).toBeLessThan(5 * megabyte)
  })

  it.each([
    { name: "pings", type: frameTypes.ping, payload: Buffer.alloc(8) },
    { name: "settings", type: frameTypes.settings, payload: Buffer.alloc(0) },
  ])("by $name whose answers it does not read: grows no memory", async ({ type, payload }) => {
    const { grown } = await under(async (client) => {
      client.socket.pause()
      for (let at = 0; at < 200_000 && !client.socket.destroyed && !client.socket.writableNeedDrain; at++) {
        client.frame(type, 0, 0, payload)
        if (at % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      return { status: 0, how: "connection" as const }
    })
    expect(grown).toBeLessThan(20 * megabyte)
  })
})
