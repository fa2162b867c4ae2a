import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { SimulatedClock } from "../clock/index.ts"
import { Failover } from "./failover.ts"

type Mood = "good" | "refusing" | "frozen" | "unready"

/** Servers a, b and c, and what came to each. */
class Story {
  readonly clock = new SimulatedClock()
  readonly moods: Record<string, Mood> = { a: "good", b: "good", c: "good" }
  servers = ["https://a", "https://b", "https://c"]
  readonly seen: string[] = []
  readonly failover = new Failover((request) => this.#answer(request), {
    servers: async () => this.servers,
    clock: this.clock,
  })

  async #answer(request: Request): Promise<Response> {
    const { host, pathname } = new URL(request.url)
    const mood = this.moods[host]
    if (mood === "refusing") {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) })
    }
    if (pathname !== "/readyz") this.seen.push(`${request.method} ${host}${pathname} ${await request.text()}`.trim())
    if (mood === "frozen") {
      return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true })
      })
    }
    if (pathname === "/readyz") return new Response("", { status: mood === "unready" ? 500 : 200 })
    return new Response(host)
  }

  async get(path = "/x"): Promise<string> {
    const response = await this.failover.fetch(new Request(`https://a${path}`))
    return response.text()
  }
  post(body: string): Promise<Response> {
    return this.failover.fetch(new Request("https://a/x", { method: "POST", body }))
  }
}

describe("one fetch over several servers", () => {
  it("stays with the first as long as that works", async () => {
    const story = new Story()
    expect(await story.get()).toBe("a")
    await story.clock.advance(60_000)
    expect(await story.get()).toBe("a")
  })

  it("sends again what surely reached nobody, writes and their bodies too", async () => {
    const story = new Story()
    story.moods.a = "refusing"
    expect(await (await story.post("body")).text()).toBe("b")
    expect(story.seen).toEqual(["POST b/x body"])
    expect(await story.get()).toBe("b")
  })

  it("leaves a frozen server within three seconds: reads go on at the next, a write fails", async () => {
    const story = new Story()
    expect(await story.get()).toBe("a")
    story.moods.a = "frozen"
    const read = story.get()
    const write = story.post("body").then(
      () => "answered",
      (error: Error) => error.message,
    )
    await story.clock.advance(3_000)
    expect(await read).toBe("b")
    expect(await write).toBe("fetch failed")
    expect(story.seen.filter((line) => line.startsWith("POST"))).toEqual(["POST a/x body"])
  })

  it("leaves a server that says it is not ready, and goes past one that is gone", async () => {
    const story = new Story()
    expect(await story.get()).toBe("a")
    story.moods.a = "unready"
    story.moods.b = "refusing"
    await story.clock.advance(2_500)
    expect(await story.get()).toBe("c")
  })

  it("finds servers that came later when it loses the ones that it knew", async () => {
    const story = new Story()
    story.servers = ["https://a"]
    expect(await story.get()).toBe("a")
    story.servers = ["https://a", "https://c"]
    story.moods.a = "refusing"
    expect(await story.get()).toBe("c")
  })

  it("looks after its server from when it is told that there are others", async () => {
    const story = new Story()
    story.servers = ["https://a"]
    expect(await story.get()).toBe("a")
    story.servers = ["https://a", "https://b"]
    await story.failover.refresh()
    story.moods.a = "frozen"
    const read = story.get()
    await story.clock.advance(3_000)
    expect(await read).toBe("b")
  })

  it("does not tick for a lone server", async () => {
    const story = new Story()
    story.servers = ["https://a"]
    await story.get()
    story.moods.a = "unready"
    await story.clock.advance(60_000)
    expect(await story.get()).toBe("a")
  })
})

describe("a stream of a server that is lost", () => {
  it("ends, also when it began long ago and nobody remembers its request but who reads it", async () => {
    await using undo = new AsyncDisposableStack()
    let ready = true
    const start = async (): Promise<string> => {
      const server = createServer(({ url }, response) => {
        if (url === "/readyz") response.writeHead(ready ? 200 : 500).end()
        else response.writeHead(200).write("hello")
      })
      undo.defer(() => server.closeAllConnections())
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const servers = [await start(), await start()]
    const clock = new SimulatedClock()
    const failover = undo.use(new Failover(fetch, { servers: async () => servers, clock }))
    const open = async () => (await failover.fetch(new Request(`${servers[0]}/watch`))).body?.getReader()
    const readers = await Promise.all(Array.from({ length: 20 }, open))
    for (const reader of readers) await reader?.read()
    await collectGarbage()
    ready = false
    const reads = readers.map((reader) =>
      reader?.read().then(
        () => "went on",
        () => "was cut off",
      ),
    )
    await clock.advance(1_000)
    expect(await Promise.all(reads)).toEqual(readers.map(() => "was cut off"))
  })
})

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  for (let rounds = 0; rounds < 5; rounds++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
