import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { freePort } from "@wick/sdk/testing/free-ports"
import { describe, expect, it } from "vitest"
import { type Activator, startActivator } from "../activator.ts"
import { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { ask, askAsService, startApp, until } from "../testing/stage.ts"
import { ownerOf } from "./rendezvous.ts"

/** Several activators before one cluster, which lists where each is. */
class Activators implements AsyncDisposable {
  readonly cluster = new ScriptedCluster()
  readonly running = new Map<number, Activator>()
  readonly ports: number[] = []

  list(port: number): void {
    this.cluster.put("endpointslices", {
      metadata: { name: `activator-service-${port}`, namespace: "knative-serving" },
      endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true, serving: true, terminating: false } }],
      ports: [{ name: "admin", port }],
    })
  }

  async start(port: number): Promise<void> {
    const place = { host: "127.0.0.1", port: 0 }
    const activator = await startActivator({
      client: this.cluster.client,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: createMetrics({ process: false }),
      listen: place,
      admin: { host: "127.0.0.1", port },
      id: String(port),
    })
    this.running.set(port, activator)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const activator of this.running.values()) await activator[Symbol.asyncDispose]()
  }
}

async function startActivators(count: number): Promise<Activators> {
  const activators = new Activators()
  for (let at = 0; at < count; at++) activators.ports.push(await freePort())
  for (const port of activators.ports) activators.list(port)
  await Promise.all(activators.ports.map((port) => activators.start(port)))
  return activators
}

/** Pods at one port and several addresses, each of which remembers how many requests were in it at once. */
async function startPods(
  count: number,
  answerMs: number,
): Promise<{ port: number; most: number[]; served: number[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack()
  const most = new Array<number>(count).fill(0)
  const served = new Array<number>(count).fill(0)
  let port = 0
  for (let at = 0; at < count; at++) {
    let inside = 0
    const app = await startApp(
      (_request, response) => {
        most[at] = Math.max(most[at] ?? 0, ++inside)
        setTimeout(() => {
          inside--
          served[at] = (served[at] ?? 0) + 1
          response.end("done")
        }, answerMs)
      },
      `127.0.0.${at + 1}`,
      port,
    )
    port = app.port
    stack.use(app)
  }
  return { port, most, served, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A pod of this name that is the own one of the activator at `port`: left to chance, one of them may own none. */
function uidOwnedBy(port: number, ports: readonly number[], name: string): string {
  const nameOf = (each: number): string => `http://127.0.0.1:${each}`
  for (let salt = 0; ; salt++) {
    if (ownerOf(`${name}-${salt}`, ports.map(nameOf)) === nameOf(port)) return `${name}-${salt}`
  }
}

describe("two activators before the same pods", () => {
  it("never put more than containerConcurrency into any of them together, and use all of them", async () => {
    await using pods = await startPods(4, 4)
    await using activators = await startActivators(2)
    const { cluster, running } = activators
    cluster.route("one", { "one-1": 100 })
    cluster.revision("one-1", pods.port, { containerConcurrency: 1 })
    for (let at = 0; at < 4; at++) cluster.pod(`pod-${at}`, "one-1", `127.0.0.${at + 1}`)
    const gateways = [...running.values()].map(({ address }) => address.port)
    const statuses: number[] = []
    const caller = async (at: number): Promise<void> => {
      for (let sent = 0; sent < 30; sent++) {
        // Callers come to both in turns, then all to one: it borrows what the other owns.
        const gateway = sent < 15 ? gateways[at % 2] : gateways[0]
        statuses.push((await ask(gateway ?? 0, "one.test")).status)
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, at) => caller(at)))
    expect(statuses).toEqual(new Array(480).fill(200))
    expect(pods.most).toEqual([1, 1, 1, 1])
    for (const count of pods.served) expect(count).toBeGreaterThan(40)
  })

  it("serve on when one of them dies: the other takes its pods over, and gives back what it owns when it returns", async () => {
    await using pods = await startPods(3, 2)
    await using activators = await startActivators(2)
    const { cluster, running, ports } = activators
    cluster.route("one", { "one-1": 100 })
    cluster.revision("one-1", pods.port, { containerConcurrency: 1 })
    for (let at = 0; at < 3; at++) cluster.pod(`pod-${at}`, "one-1", `127.0.0.${at + 1}`)
    const [first = 0, second = 0] = ports
    const gateway = running.get(first)?.address.port ?? 0
    const wave = async (): Promise<Set<number>> => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => ask(gateway, "one.test")))
      return new Set(answers.map(({ status }) => status))
    }
    const allServed = (): boolean => pods.served.every((count) => count > 0)
    expect(await wave()).toEqual(new Set([200]))
    await running.get(second)?.[Symbol.asyncDispose]()
    running.delete(second)
    pods.served.fill(0)
    expect(await wave()).toEqual(new Set([200]))
    await until(allServed)
    await activators.start(second)
    pods.served.fill(0)
    expect(await wave()).toEqual(new Set([200]))
    const other = running.get(second)?.address.port ?? 0
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(other, "one.test")))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await until(allServed)
    expect(Math.max(...pods.most)).toBe(1)
  })

  const whoDies = ["who dials", "who is dialled"] as const
  it.each(whoDies)(
    "share out pods without containerConcurrency too: each takes its own first, and when %s dies the other takes all",
    async (who) => {
      await using pods = await startPods(6, 0)
      await using activators = await startActivators(2)
      const { cluster, running, ports } = activators
      cluster.route("one", { "one-1": 100 })
      cluster.revision("one-1", pods.port)
      for (let at = 0; at < 6; at++) {
        const uid = uidOwnedBy(ports[at % 2] ?? 0, ports, `pod-${at}`)
        cluster.pod(`pod-${at}`, "one-1", `127.0.0.${at + 1}`, { uid })
      }
      const servedBy = async (port: number): Promise<Set<number>> => {
        pods.served.fill(0)
        const gateway = running.get(port)?.address.port ?? 0
        for (let sent = 0; sent < 60; sent++) expect((await ask(gateway, "one.test")).status).toBe(200)
        return new Set(pods.served.flatMap((count, at) => (count > 0 ? [at] : [])))
      }
      // Of two the one whose name comes first dials.
      const [first = 0, second = 0] = ports.toSorted((one, other) => (who === "who dials" ? other - one : one - other))
      const each = async () => [await servedBy(first), await servedBy(second)].map((served) => [...served].join())
      // Until both have heard of each other, each of them takes all for its own.
      await expect.poll(each).toEqual([first, second].map((port) => (port === ports[0] ? "0,2,4" : "1,3,5")))
      await running.get(second)?.[Symbol.asyncDispose]()
      running.delete(second)
      await expect.poll(async () => (await servedBy(first)).size).toBe(6)
    },
  )

  it("hand over what they own when one is told to end, and exceed nothing while it answers what it has", async () => {
    await using pods = await startPods(3, 15)
    await using activators = await startActivators(2)
    const { cluster, running, ports } = activators
    cluster.route("one", { "one-1": 100 })
    cluster.revision("one-1", pods.port, { containerConcurrency: 1 })
    for (let at = 0; at < 3; at++) cluster.pod(`pod-${at}`, "one-1", `127.0.0.${at + 1}`)
    const [first, second] = ports.map((port) => running.get(port)) as [Activator, Activator]
    const send = (to: Activator) => Array.from({ length: 30 }, () => ask(to.address.port, "one.test"))
    const early = [...send(first), ...send(second)]
    await until(() => pods.served.some((count) => count > 0))
    // A connection that nobody has accepted yet would be reset: it lingers, as it does where clients are to look away.
    const drained = first.drain({ lingerMs: 1_000, limitMs: 10_000 })
    const answers = await Promise.all([...early, ...send(second)])
    await drained
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(pods.most).toEqual([1, 1, 1])
  })
})

it("an activator that the cluster does not list is not spoken to about slots", async () => {
  await using activators = await startActivators(2)
  const path = "/slots?from=http%3A%2F%2Fstranger%3A1"
  const answer = await askAsService(activators.ports[0] ?? 0, path, { connection: "upgrade", upgrade: "wick-slots" })
  expect(answer.status).toBe(503)
})

it("whoever has no proof is not spoken to about slots, even under the name of an activator", async () => {
  await using activators = await startActivators(2)
  const [port = 0, other = 0] = activators.ports
  const path = `/slots?from=${encodeURIComponent(`http://127.0.0.1:${other}`)}`
  const headers = { connection: "upgrade", upgrade: "wick-slots" }
  expect(await ask(port, "x", { path, headers })).toMatchObject({ status: 401 })
  const authorization = "Wick 1800000000 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
  expect(await ask(port, "x", { path, headers: { ...headers, authorization } })).toMatchObject({ status: 401 })
})
