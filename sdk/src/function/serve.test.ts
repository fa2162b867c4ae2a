import { spawn } from "node:child_process"
import { once } from "node:events"
import { request } from "node:http"
import { connect, type Socket } from "node:net"
import { describe, expect, it } from "vitest"
import { type Handler, serve } from "./index.ts"

async function serving(handler: Handler) {
  const server = await serve(handler, { port: 0, hostname: "127.0.0.1", handleSignals: false })
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}` })
}

describe("a function", () => {
  it("sees method, URL, headers and body of its request, and answers", async () => {
    await using server = await serving(async (incoming) => {
      expect(incoming).toBeInstanceOf(Request)
      const { method, url } = incoming
      return Response.json(
        { method, path: new URL(url).pathname, header: incoming.headers.get("x-a"), body: await incoming.json() },
        {
          status: 201,
          headers: [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
          ],
        },
      )
    })
    const response = await fetch(`${server.url}/path?q=1`, { method: "PUT", headers: { "x-a": "b" }, body: '{"n":1}' })
    expect(response.status).toBe(201)
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"])
    expect(response.headers.get("content-length")).not.toBeNull()
    expect(await response.json()).toEqual({ method: "PUT", path: "/path", header: "b", body: { n: 1 } })
  })

  it("may answer text or bytes directly", async () => {
    await using server = await serving(({ url }) => (url.endsWith("text") ? "grün" : new Uint8Array([1, 2])))
    expect(await (await fetch(`${server.url}/text`)).text()).toBe("grün")
    expect(new Uint8Array(await (await fetch(server.url)).arrayBuffer())).toEqual(new Uint8Array([1, 2]))
  })

  it("streams both ways: what it reads it may answer before the request has ended", async () => {
    await using server = await serving((incoming) => new Response(incoming.body))
    const heard: string[] = []
    await new Promise<void>((resolve, reject) => {
      const call = request(server.url, { method: "POST" }, (response) => {
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => {
          heard.push(chunk)
          if (heard.length === 1) call.end("second")
        })
        response.on("end", resolve)
      })
      call.on("error", reject)
      call.write("first")
    })
    expect(heard).toEqual(["first", "second"])
  })

  it("answers 500 and lives on when its handler throws", async () => {
    const write = process.stderr.write
    process.stderr.write = () => true
    try {
      await using server = await serving(({ url }) => {
        if (url.endsWith("bad")) throw new Error("broken")
        return "fine"
      })
      expect((await fetch(`${server.url}/bad`)).status).toBe(500)
      expect(await (await fetch(server.url)).text()).toBe("fine")
    } finally {
      process.stderr.write = write
    }
  })

  it("is told when the client leaves", async () => {
    const left = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    await using server = await serving(async (_request, { signal }) => {
      signal.addEventListener("abort", () => left.resolve())
      entered.resolve()
      await left.promise
      return "nobody hears"
    })
    const stop = new AbortController()
    const call = fetch(server.url, { signal: stop.signal }).catch(() => {})
    await entered.promise
    stop.abort()
    await Promise.all([left.promise, call])
  })

  it("finishes what is under way before it has drained", async () => {
    const release = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    let background = false
    const server = await serving(async (_request, context) => {
      entered.resolve()
      await release.promise
      context.waitUntil(
        Promise.resolve().then(() => {
          background = true
        }),
      )
      return "done"
    })
    const call = fetch(server.url)
    await entered.promise
    const drained = server[Symbol.asyncDispose]()
    await expect(fetch(server.url)).rejects.toThrow()
    release.resolve()
    expect(await (await call).text()).toBe("done")
    await drained
    expect(background).toBe(true)
  })

  it("does not wait for a head of which half has come, but for the answer to one that is whole", async () => {
    const release = Promise.withResolvers<void>()
    const entered = Promise.withResolvers<void>()
    const server = await serving(async () => {
      entered.resolve()
      await release.promise
      return "done"
    })
    const speak = async (words: string): Promise<Socket> => {
      const socket = connect(server.port, "127.0.0.1").setEncoding("utf8")
      // Cut off, it may be told so by a reset.
      socket.on("error", () => {})
      await new Promise<void>((resolve) => socket.write(words, () => resolve()))
      return socket
    }
    const half = await speak("GET / HTTP/1.1\r\nhost: x\r\nx-drop: ")
    const gone = once(half, "close")
    const whole = await speak("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await entered.promise
    const drained = server[Symbol.asyncDispose]()
    await gone
    release.resolve()
    const [answer] = await once(whole, "data")
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*done$/s)
    await drained
  })

  it("that answers with text never waits for fetch to be loaded", async () => {
    const door = new URL("./index.ts", import.meta.url).href
    const program = `import { serve } from ${JSON.stringify(door)}
      const loaded = () => String(process.moduleLoadList.some((name) => name.endsWith("deps/undici/undici")))
      const { port } = await serve(({ method, url }) => method + url.length && loaded(), { port: 0 })
      process.stdout.write(String(port))`
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    const exited = new Promise((resolve) => child.once("exit", resolve))
    const [port] = (await once(child.stdout, "data")) as [Buffer]
    expect(await (await fetch(`http://127.0.0.1:${port.toString()}`)).text()).toBe("false")
    child.kill()
    await exited
  })

  it("runs under plain node on $PORT and ends with 0 at SIGTERM", async () => {
    const code = `import { serve } from ${JSON.stringify(import.meta.resolve("./index.ts"))}
      const { port } = await serve(() => "hi", { hostname: "127.0.0.1" }); process.stdout.write(String(port))`
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], { env: { ...process.env, PORT: "0" } })
    const port = await new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data))))
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hi")
    const exit = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGTERM")
    expect(await exit).toBe(0)
  })
})
