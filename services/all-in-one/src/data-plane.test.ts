/**
 * Activator and autoscaler over the real API server, with loopback servers for pods: what a node does is played by the
 * test, so the path from a request to a number of pods and back is seen whole, and in a second.
 */
import { createServer, request, type Server } from "node:http"
import { startActivator } from "@wick/activator"
import { startAutoscaler } from "@wick/autoscaler"
import { startTestApi } from "@wick/core/testing"
import {
  ConfigMap,
  CustomResourceDefinition,
  crd,
  Deployment,
  Namespace,
  Pod,
  PodAutoscaler,
  Revision,
} from "@wick/sdk/api"
import { Metric } from "@wick/sdk/api/autoscaling-internal/metric"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import type { Client } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { freePort } from "@wick/sdk/testing/free-ports"
import { expect, it } from "vitest"

const namespace = "default"
const labels = { "serving.knative.dev/revision": "app-1" }

interface Scene extends AsyncDisposable {
  readonly gateway: number
  /** Pods that run now, by name. */
  readonly running: ReadonlyMap<string, Server>
  /** How often the number of wanted pods changed, and to what. */
  readonly scales: readonly number[]
  /** Ends the autoscaler in the midst of whatever it does, and starts one that knows nothing. */
  replaceAutoscaler(): Promise<void>
}

/** A revision at zero whose pods answer after `answerMs`. */
async function startScene(given: {
  annotations?: Record<string, string>
  containerConcurrency?: number
  answerMs?: number
}): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi())
  for (const kind of [Ingress, Revision, PodAutoscaler, ServerlessService, Metric]) {
    await client.create(CustomResourceDefinition, crd(kind))
  }
  await established(client)
  for (const name of [namespace, "knative-serving"]) await client.create(Namespace, { metadata: { name } })
  // Nobody here says that activators stand where the last pod stood.
  await client.create(ConfigMap, {
    metadata: { name: "config-autoscaler", namespace: "knative-serving" },
    data: { "scale-to-zero-grace-period": "1s" },
  })
  const listen = `127.0.0.1:${await freePort()}`
  const begin = (): Promise<AsyncDisposable> => startAutoscaler({ client, clock: systemClock, log: silentLog, listen })
  let autoscaler = await begin()
  undo.defer(() => autoscaler[Symbol.asyncDispose]())
  const activator = undo.use(
    await startActivator({
      client,
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: createMetrics(),
      listen: { host: "127.0.0.1", port: 0 },
      admin: { host: "127.0.0.1", port: 0 },
      autoscaler: listen,
      id: "one",
    }),
  )
  const node = undo.use(new Node(client, activator.adminAddress.port, given.answerMs ?? 0, await freePort()))
  await createRevision(client, node.port, given)
  const running = undo.move()
  return {
    gateway: activator.address.port,
    running: node.servers,
    scales: node.scales,
    replaceAutoscaler: async () => {
      await autoscaler[Symbol.asyncDispose]()
      autoscaler = await begin()
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Makes as many pods as the Deployment wants, each a server on its own loopback address, and ends them gently. */
class Node implements AsyncDisposable {
  readonly servers = new Map<string, Server>()
  readonly scales: number[] = []
  readonly port: number
  readonly #client: Client
  readonly #adminPort: number
  readonly #answerMs: number
  readonly #informers
  #made = 0
  #busy = Promise.resolve()

  constructor(client: Client, adminPort: number, answerMs: number, port: number) {
    this.port = port
    this.#client = client
    this.#adminPort = adminPort
    this.#answerMs = answerMs
    this.#informers = createInformers(client, systemClock, silentLog)
    this.#informers(Deployment).onChange(({ after }) => {
      const wanted = after?.spec.replicas ?? 0
      if (this.scales.at(-1) !== wanted) this.scales.push(wanted)
      this.#busy = this.#busy.then(() => this.#bring(wanted))
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#informers[Symbol.asyncDispose]()
    await this.#busy
    for (const server of this.servers.values()) server.close().closeAllConnections()
  }

  async #bring(wanted: number): Promise<void> {
    while (this.servers.size < wanted) await this.#start()
    const doomed = [...this.servers.keys()].slice(wanted)
    await Promise.all(doomed.map((name) => this.#end(name)))
  }

  async #start(): Promise<void> {
    const name = `pod-${++this.#made}`
    const podIP = `127.0.1.${this.#made}`
    const server = createServer((_request, response) => void setTimeout(() => response.end(name), this.#answerMs))
    await new Promise<void>((resolve) => server.listen(this.port, podIP, resolve))
    this.servers.set(name, server)
    const made = await this.#client.create(Pod, {
      metadata: { name, namespace, labels },
      spec: { nodeName: "here", containers: [{ name: "user-container", image: "app" }] },
    })
    const conditions = [{ type: "Ready", status: "True" as const }]
    await this.#client.updateStatus(Pod, { ...made, status: { ...made.status, phase: "Running", podIP, conditions } })
  }

  /** Deletion is announced, the preStop hook waits for the activator's word, then the process ends. */
  async #end(name: string): Promise<void> {
    await this.#client.delete(Pod, { name, namespace })
    await ask(this.#adminPort, `/drain/${namespace}/app-1`)
    this.servers.get(name)?.close().closeAllConnections()
    this.servers.delete(name)
    await this.#client.delete(Pod, { name, namespace }, { gracePeriodSeconds: 0 }).catch(() => {})
  }
}

async function createRevision(
  client: Client,
  port: number,
  given: { annotations?: Record<string, string>; containerConcurrency?: number },
): Promise<void> {
  const { containerConcurrency = 0, annotations = {} } = given
  const container = { name: "user-container", image: "app", ports: [{ containerPort: port }] }
  await client.create(Revision, {
    metadata: { name: "app-1", namespace },
    spec: { containerConcurrency, timeoutSeconds: 10, containers: [container] },
  })
  await client.create(Deployment, {
    metadata: { name: "app-1-deployment", namespace, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  })
  const scaled = await client.create(PodAutoscaler, {
    metadata: { name: "app-1", namespace, annotations },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "app-1-deployment" },
      containerConcurrency,
      reachability: "Reachable",
      protocolType: "http1",
    },
  })
  const lastTransitionTime = "2026-01-01T00:00:00Z"
  const conditions = [
    { type: "Active", status: "False" as const, lastTransitionTime },
    { type: "ScaleTargetInitialized", status: "True" as const, lastTransitionTime },
  ]
  await client.updateStatus(PodAutoscaler, { ...scaled, status: { conditions } })
  const split = { serviceName: "app-1", serviceNamespace: namespace, servicePort: 80, percent: 100 }
  await client.create(Ingress, {
    metadata: { name: "app", namespace },
    spec: { rules: [{ hosts: ["app.test"], http: { paths: [{ splits: [split] }] } }] },
  })
}

async function established(client: Client): Promise<void> {
  for (;;) {
    const { items } = await client.list(CustomResourceDefinition)
    const isEstablished = (definition: (typeof items)[number]): boolean =>
      definition.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false
    if (items.every(isEstablished)) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function ask(port: number, path = "/"): Promise<{ status: number; body: string; ms: number }> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false, headers: { host: "app.test" } }, (answer) => {
      let body = ""
      answer.on("data", (chunk) => {
        body += chunk
      })
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body, ms: performance.now() - startedMs }))
      answer.on("error", reject)
    })
    asked.on("error", reject)
    asked.end()
  })
}

it("answers the first request from zero, and takes the pod away when its window has passed", async () => {
  await using scene = await startScene({ annotations: { "autoscaling.knative.dev/window": "6s" } })
  expect(scene.running.size).toBe(0)
  const first = await ask(scene.gateway)
  expect(first).toMatchObject({ status: 200, body: "pod-1" })
  while (scene.running.size > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const again = await ask(scene.gateway)
  expect(again).toMatchObject({ status: 200, body: "pod-2" })
})

it("answers 300 requests sent at once to a revision at zero", async () => {
  await using scene = await startScene({ answerMs: 5 })
  const answers = await Promise.all(Array.from({ length: 300 }, () => ask(scene.gateway)))
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
})

it("scales from one to ten pods under 100 clients, and back, without one failed request", async () => {
  await using scene = await startScene({
    answerMs: 250,
    containerConcurrency: 10,
    annotations: {
      "autoscaling.knative.dev/target-utilization-percentage": "100",
      "autoscaling.knative.dev/window": "6s",
    },
  })
  await ask(scene.gateway)
  const statuses: number[] = []
  let load = 100
  const client = async (at: number): Promise<void> => {
    while (at < load) statuses.push((await ask(scene.gateway)).status)
  }
  const clients = Array.from({ length: 100 }, (_, at) => client(at))
  while (scene.running.size < 10) await new Promise((resolve) => setTimeout(resolve, 5))
  load = 10
  while (scene.running.size > 3) await new Promise((resolve) => setTimeout(resolve, 20))
  load = 0
  await Promise.all(clients)
  expect(new Set(statuses)).toEqual(new Set([200]))
})

it("scales on as if nothing had been when the autoscaler is replaced in the midst of a step", async () => {
  await using scene = await startScene({
    answerMs: 250,
    containerConcurrency: 10,
    annotations: { "autoscaling.knative.dev/target-utilization-percentage": "100" },
  })
  await ask(scene.gateway)
  const statuses: number[] = []
  let clients = 100
  const client = async (at: number): Promise<void> => {
    while (at < clients) statuses.push((await ask(scene.gateway)).status)
  }
  const load = Array.from({ length: 100 }, (_, at) => client(at))
  while ((scene.scales.at(-1) ?? 0) < 9) await new Promise((resolve) => setTimeout(resolve, 5))
  const decided = scene.scales.length
  await scene.replaceAutoscaler()
  const answered = statuses.length
  while (statuses.length < answered + 500) await new Promise((resolve) => setTimeout(resolve, 5))
  const [decidedBefore = 0] = scene.scales.slice(decided - 1)
  expect(scene.scales.slice(decided).every((pods) => Math.abs(pods - decidedBefore) <= 1)).toBe(true)
  clients = 0
  await Promise.all(load)
  expect(new Set(statuses)).toEqual(new Set([200]))
})
