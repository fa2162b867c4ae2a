import { once } from "node:events"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { ask, type Stage, startApp, startStage, until } from "../testing/stage.ts"

/** Requests that wait for a pod. */
const waiting = (stage: Stage) => () => stage.figure("kn_revision_request_queued")
/** Attempts to reach pods that start. */
const probes = (stage: Stage) => () => stage.figure("wick_activator_probes_total")

describe("routing", () => {
  it("leads a host to its revision, with the host and where the client comes from", async () => {
    await using app = await startApp((request, response) => response.end(JSON.stringify(request.headers)))
    await using stage = await startStage((cluster) => {
      cluster.route("hello", { "hello-1": 100 })
      cluster.revision("hello-1", app.port)
      cluster.pod("a", "hello-1", "127.0.0.1")
    })
    const answer = await ask(stage.port, "Hello.test:8080", { headers: { "k-passthrough-lb": "x", "x-mine": "1" } })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({
      host: "Hello.test:8080",
      forwarded: 'for=127.0.0.1;host="Hello.test:8080";proto=http',
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-mine": "1",
    })
    expect(answer.body).not.toContain("k-passthrough-lb")
  })

  it("answers 404 for a host that no route has, and 200 as soon as one has it", async () => {
    await using app = await startApp((_request, response) => response.end("new"))
    await using stage = await startStage()
    expect(await ask(stage.port, "new.test")).toMatchObject({ status: 404, body: "no route for host new.test\n" })
    stage.cluster.revision("new-1", app.port)
    stage.cluster.pod("a", "new-1", "127.0.0.1")
    stage.cluster.route("new", { "new-1": 100 })
    expect(await ask(stage.port, "new.test")).toMatchObject({ status: 200, body: "new" })
  })

  it("splits 80 to 20 within a point over 2,000 requests, and leads tags exactly", async () => {
    await using one = await startApp((_request, response) => response.end("1"))
    await using two = await startApp((_request, response) => response.end("2"))
    await using stage = await startStage((cluster) => {
      cluster.route("split", { "split-1": 80, "split-2": 20 }, { next: "split-2", none: "split-1" })
      cluster.revision("split-1", one.port)
      cluster.revision("split-2", two.port)
      cluster.pod("a", "split-1", "127.0.0.1")
      cluster.pod("b", "split-2", "127.0.0.1")
    })
    let second = 0
    for (let sent = 0; sent < 2000; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(stage.port, "split.test")))
      second += answers.filter(({ body }) => body === "2").length
    }
    expect(second).toBeGreaterThan(380)
    expect(second).toBeLessThan(420)
    expect((await ask(stage.port, "next-split.test")).body).toBe("2")
    expect((await ask(stage.port, "none-split.test")).body).toBe("1")
  })

  it("goes on serving what it knows while the API server is away", async () => {
    await using app = await startApp((_request, response) => response.end("still here"))
    await using stage = await startStage((cluster) => {
      cluster.route("hello", { "hello-1": 100 })
      cluster.revision("hello-1", app.port)
      cluster.pod("a", "hello-1", "127.0.0.1")
    })
    await ask(stage.port, "hello.test")
    stage.cluster.away = true
    expect((await ask(stage.port, "hello.test")).body).toBe("still here")
    expect((await ask(stage.port, "unknown.test")).status).toBe(404)
  })
})

describe("a revision at zero", () => {
  it("holds 300 requests sent at once and answers them all when its first pod answers", async () => {
    await using stage = await startStage((cluster) => {
      cluster.route("cold", { "cold-1": 100 })
      cluster.revision("cold-1", 0)
    })
    let served = 0
    await using app = await startApp((_request, response) => {
      served++
      response.end("warm")
    })
    const answers = Array.from({ length: 300 }, () => ask(stage.port, "cold.test"))
    stage.cluster.revision("cold-1", app.port)
    stage.cluster.pod("a", "cold-1")
    stage.cluster.pod("a", "cold-1", "127.0.0.1")
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses).toEqual(new Array(300).fill(200))
    expect(served).toBe(300)
  })

  it("sends the first request only when the pod takes connections", async () => {
    await using placeholder = await startApp(() => {})
    const { port } = placeholder
    await placeholder.kill()
    await using stage = await startStage((cluster) => {
      cluster.route("cold", { "cold-1": 100 })
      cluster.revision("cold-1", port)
      cluster.pod("a", "cold-1", "127.0.0.1")
    })
    const answer = ask(stage.port, "cold.test")
    await expect.poll(probes(stage)).toBeGreaterThan(1)
    await using _app = await startApp((_request, response) => response.end("up"), "127.0.0.1", port)
    expect(await answer).toMatchObject({ status: 200, body: "up" })
  })

  it("drops a waiting request the moment its client leaves", async () => {
    const seen: string[] = []
    await using app = await startApp((request, response) => {
      seen.push(request.url ?? "")
      response.end()
    })
    await using stage = await startStage((cluster) => {
      cluster.route("cold", { "cold-1": 100 })
      cluster.revision("cold-1", app.port)
    })
    const leaver = new AbortController()
    const gone = ask(stage.port, "cold.test", { path: "/gone", signal: leaver.signal })
    const stays = ask(stage.port, "cold.test", { path: "/stays" })
    await expect.poll(waiting(stage)).toBe(2)
    leaver.abort()
    await expect(gone).rejects.toThrow()
    await expect.poll(waiting(stage)).toBe(1)
    stage.cluster.pod("a", "cold-1", "127.0.0.1")
    await stays
    expect(seen).toEqual(["/stays"])
  })

  it("answers 504 when no pod comes within the revision's timeout", async () => {
    await using stage = await startStage((cluster) => {
      cluster.route("cold", { "cold-1": 100 })
      cluster.revision("cold-1", 80, { timeoutSeconds: 0.05 })
    })
    expect(await ask(stage.port, "cold.test")).toMatchObject({ status: 504, body: "activator request timeout\n" })
  })

  it("waits for an HTTP readiness probe where the revision declares one", async () => {
    let ready = false
    let early = 0
    await using app = await startApp((request, response) => {
      if (request.url === "/ready") response.statusCode = ready ? 200 : 503
      else if (!ready) early++
      response.end()
    })
    const readinessProbe = { httpGet: { path: "/ready", port: 0 } }
    await using stage = await startStage((cluster) => {
      cluster.route("cold", { "cold-1": 100 })
      const containers = [{ ports: [{ containerPort: app.port }], readinessProbe }]
      cluster.put("revisions", { metadata: { name: "cold-1" }, spec: { containers } })
      cluster.pod("a", "cold-1", "127.0.0.1")
    })
    const answer = ask(stage.port, "cold.test")
    await expect.poll(probes(stage)).toBeGreaterThan(1)
    ready = true
    expect((await answer).status).toBe(200)
    expect(early).toBe(0)
  })
})

describe("a revision that cannot serve", () => {
  it("answers 503 at once with container and reason, and 200 when a pod serves again", async () => {
    await using app = await startApp((_request, response) => response.end("well"))
    const stuck = { name: "main", state: { waiting: { reason: "CrashLoopBackOff" } } }
    const status = { phase: "Running", podIP: "127.0.0.9", containerStatuses: [stuck] }
    const metadata = { name: "a", labels: { "serving.knative.dev/revision": "bad-1" } }
    await using stage = await startStage((cluster) => {
      cluster.route("bad", { "bad-1": 100 })
      cluster.revision("bad-1", app.port)
      cluster.put("pods", { metadata, status })
    })
    const answer = await ask(stage.port, "bad.test")
    expect(answer).toMatchObject({
      status: 503,
      body: "revision default/bad-1 cannot serve: container main: CrashLoopBackOff\n",
    })
    expect(answer.headers["retry-after"]).toBe("10")
    stage.cluster.pod("b", "bad-1", "127.0.0.1")
    await untilAnswer(() => ask(stage.port, "bad.test"), 200)
  })
})

describe("containerConcurrency 1", () => {
  it("never puts two requests into a pod, and hands each freed slot to the one that waited longest", async () => {
    const order: string[] = []
    const gate = Promise.withResolvers<void>()
    let inside = 0
    let most = 0
    await using app = await startApp(async (request, response) => {
      order.push(request.url ?? "")
      most = Math.max(most, ++inside)
      await gate.promise
      inside--
      response.end()
    })
    await using stage = await startStage((cluster) => {
      cluster.route("one", { "one-1": 100 })
      cluster.revision("one-1", app.port, { containerConcurrency: 1 })
      cluster.pod("a", "one-1", "127.0.0.1")
    })
    const expected: string[] = []
    const answers: Promise<unknown>[] = []
    for (let i = 0; i < 20; i++) {
      expected.push(`/${i}`)
      answers.push(ask(stage.port, "one.test", { path: `/${i}` }))
      // Each request must have reached the gateway before the next is sent, for the order to mean anything.
      if (i === 0) await until(() => inside === 1)
      else await expect.poll(waiting(stage), { interval: 1 }).toBe(i)
    }
    gate.resolve()
    await Promise.all(answers)
    expect(most).toBe(1)
    expect(order).toEqual(expected)
  })
})

describe("pods that come and go", () => {
  it("loses nothing while pods are scaled in under load", async () => {
    const slow = (name: string) =>
      startApp((_request, response) => void setTimeout(() => response.end(name), 5), "127.0.0.1")
    await using first = await slow("a")
    await using _second = await startApp(
      (_request, response) => void setTimeout(() => response.end("b"), 5),
      "127.0.0.2",
      first.port,
    )
    await using stage = await startStage((cluster) => {
      cluster.route("busy", { "busy-1": 100 })
      cluster.revision("busy-1", first.port)
      cluster.pod("a", "busy-1", "127.0.0.1")
      cluster.pod("b", "busy-1", "127.0.0.2")
    })
    const statuses: number[] = []
    let running = true
    const client = async (): Promise<void> => {
      while (running) statuses.push((await ask(stage.port, "busy.test")).status)
    }
    const clients = Array.from({ length: 10 }, client)
    await until(() => statuses.length > 50)
    stage.cluster.pod("a", "busy-1", "127.0.0.1", { deletionTimestamp: "2026-01-01T00:00:00Z" })
    const drained = await ask(stage.activator.adminAddress.port, "x", { path: "/drain/default/busy-1" })
    expect(drained).toMatchObject({ status: 200, body: "drained\n" })
    await first.kill()
    stage.cluster.remove("pods", "a")
    const sofar = statuses.length
    await until(() => statuses.length > sofar + 50)
    running = false
    await Promise.all(clients)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  it("answers a drain only when the last request on a terminating pod has ended", async () => {
    let finish: () => void = () => {}
    await using app = await startApp((_request, response) => {
      finish = () => response.end("late")
    })
    await using stage = await startStage((cluster) => {
      cluster.route("slow", { "slow-1": 100 })
      cluster.revision("slow-1", app.port)
      cluster.pod("a", "slow-1", "127.0.0.1")
    })
    const events: string[] = []
    const arrived = new Promise<void>((resolve) => app.server.on("request", () => resolve()))
    const answer = ask(stage.port, "slow.test").then(({ body }) => events.push(body))
    await arrived
    stage.cluster.pod("a", "slow-1", "127.0.0.1", { deletionTimestamp: "2026-01-01T00:00:00Z" })
    const drained = ask(stage.activator.adminAddress.port, "x", { path: "/drain/default/slow-1" }).then(() =>
      events.push("drained"),
    )
    // Asked later at the same door, and answered: a drain that waited for nobody would have been by now.
    await stage.figure("wick_activator_requests_total")
    expect(events).toEqual([])
    finish()
    await Promise.all([answer, drained])
    expect(events).toContain("drained")
    expect(events).toContain("late")
  })

  it("sends a request that found its pod gone to another one", async () => {
    await using first = await startApp((_request, response) => response.end("first"))
    await using stage = await startStage((cluster) => {
      cluster.route("gone", { "gone-1": 100 })
      cluster.revision("gone-1", first.port)
      cluster.pod("a", "gone-1", "127.0.0.1")
    })
    expect((await ask(stage.port, "gone.test")).body).toBe("first")
    await first.kill()
    const answer = ask(stage.port, "gone.test")
    await using _second = await startApp((_request, response) => response.end("second"), "127.0.0.2", first.port)
    stage.cluster.pod("b", "gone-1", "127.0.0.2")
    expect((await answer).body).toBe("second")
  })

  it("answers 502 when a pod dies with a request that it has read, and does not repeat it", async () => {
    let seen = 0
    await using app = await startApp((request) => {
      seen++
      request.socket.destroy()
    })
    await using stage = await startStage((cluster) => {
      cluster.route("dies", { "dies-1": 100 })
      cluster.revision("dies-1", app.port)
      cluster.pod("a", "dies-1", "127.0.0.1")
    })
    expect(await ask(stage.port, "dies.test", { method: "POST", body: "x" })).toMatchObject({ status: 502 })
    expect(seen).toBe(1)
  })

  it("cuts the answer off when a pod dies in the middle of it", async () => {
    await using app = await startApp((_request, response) => {
      response.writeHead(200, { "content-length": "100" })
      response.write("half")
      setTimeout(() => response.destroy(), 10)
    })
    await using stage = await startStage((cluster) => {
      cluster.route("dies", { "dies-1": 100 })
      cluster.revision("dies-1", app.port)
      cluster.pod("a", "dies-1", "127.0.0.1")
    })
    await expect(ask(stage.port, "dies.test")).rejects.toThrow()
  })
})

describe("limits of time", () => {
  it.each([
    { name: "ends a request at timeoutSeconds", spec: { timeoutSeconds: 10 } },
    {
      name: "ends a request without a first byte at responseStartTimeoutSeconds",
      spec: { responseStartTimeoutSeconds: 10 },
    },
    { name: "ends a request without a byte at idleTimeoutSeconds", spec: { idleTimeoutSeconds: 10 } },
  ])("$name", async ({ spec }) => {
    const clock = new SimulatedClock()
    await using app = await startApp(() => {})
    await using stage = await startStage(
      (cluster) => {
        cluster.route("stuck", { "stuck-1": 100 })
        cluster.revision("stuck-1", app.port, spec)
        cluster.pod("a", "stuck-1", "127.0.0.1")
      },
      { clock },
    )
    const arrived = once(app.server, "request")
    const answer = ask(stage.port, "stuck.test")
    await arrived
    await clock.advance(10_100)
    expect(await answer).toMatchObject({ status: 504, body: "request timeout\n" })
  })

  it("lets a slow answer go on past responseStartTimeoutSeconds once it has begun", async () => {
    const clock = new SimulatedClock()
    let finish: () => void = () => {}
    await using app = await startApp((_request, response) => {
      response.write("begun ")
      finish = () => response.end("done")
    })
    await using stage = await startStage(
      (cluster) => {
        cluster.route("slow", { "slow-1": 100 })
        cluster.revision("slow-1", app.port, { responseStartTimeoutSeconds: 5, idleTimeoutSeconds: 20 })
        cluster.pod("a", "slow-1", "127.0.0.1")
      },
      { clock },
    )
    const begun = Promise.withResolvers<void>()
    const answer = ask(stage.port, "slow.test", { heard: () => begun.resolve() })
    await begun.promise
    await clock.advance(10_000)
    finish()
    expect((await answer).body).toBe("begun done")
  })
})

/** Asks until the answer has the status; what others it had in between must be 503. */
async function untilAnswer(send: () => Promise<{ status: number }>, wanted: number): Promise<void> {
  for (;;) {
    const { status } = await send()
    if (status === wanted) return
    expect(status).toBe(503)
  }
}
