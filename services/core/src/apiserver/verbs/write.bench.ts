/**
 * What a write costs the API server on a store in memory, ownership of fields included: time, as the least of many rounds,
 * since whatever else the machine does only ever adds; and memory, which does not depend on the machine.
 *
 *     node services/core/src/apiserver/verbs/write.bench.ts
 */

import { getHeapStatistics } from "node:v8"
import { builtinKinds } from "@wick/sdk/api"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMemoryStorage } from "#store"
import { createApiServer, lightRequest } from "../index.ts"

const rounds = 40
const writesPerRound = 50

const storage = createMemoryStorage({ clock: systemClock })
const server = createApiServer({
  storage,
  kinds: builtinKinds,
  virtual: [],
  admission: [],
  authorize: () => ({ allowed: true, reason: "" }),
  nodeProxy: () => undefined,
  serviceCidr: "10.235.0.0/16",
  version: "v1.36.0",
  clock: systemClock,
  random: seededRandom(1),
  log: silentLog,
})
await server.ready
const core = "http://x/api/v1/namespaces/default"

async function write(user: string, method: string, path: string, body: object, type = "application/json") {
  const headers = { "content-type": type, "user-agent": `${user}/v1 (linux/amd64)` }
  const send = server.fetchAs({ name: user, groups: ["system:masters"] })
  const response = await send(lightRequest(`${core}${path}`, { method, headers, body: JSON.stringify(body) }))
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text.length
}

async function least(what: string, one: (index: number) => Promise<number>): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  let bytes = 0
  const allocated = getHeapStatistics().total_allocated_bytes
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < writesPerRound; index++) bytes = await one(round * writesPerRound + index)
    best = Math.min(best, Number(process.hrtime.bigint() - start) / writesPerRound / 1_000)
  }
  const kilobytes = (getHeapStatistics().total_allocated_bytes - allocated) / (rounds * writesPerRound) / 1_000
  process.stdout.write(
    `${what}: ${best.toFixed(0)} µs, ${kilobytes.toFixed(1)} KB allocated, an object of ${bytes} bytes\n`,
  )
}

const probe = { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 5 }
const container = (name: string): object => ({
  name,
  image: "registry.test/shop/cart:1",
  env: ["A", "B", "C", "D"].map((key) => ({ name: key, value: "x" })),
  ports: [{ containerPort: 8080, name: "http" }],
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
  readinessProbe: probe,
  volumeMounts: [{ name: "data", mountPath: "/data" }],
})
const pod = (name: string): object => ({
  metadata: { name, labels: { app: "cart", tier: "web" }, annotations: { "a.test/note": "x" } },
  spec: {
    nodeName: "n",
    containers: [container("main"), container("side")],
    volumes: [{ name: "data", emptyDir: {} }],
  },
})
const condition = (type: string, index: number): object => ({
  type,
  status: index % 2 === 0 ? "True" : "False",
  lastProbeTime: null,
  lastTransitionTime: "2026-01-01T00:00:00Z",
})
const status = (index: number): object => ({
  phase: "Running",
  hostIP: "10.0.0.1",
  podIP: "10.1.0.2",
  podIPs: [{ ip: "10.1.0.2" }],
  startTime: "2026-01-01T00:00:00Z",
  conditions: ["Ready", "ContainersReady", "Initialized", "PodScheduled"].map((type) => condition(type, index)),
  containerStatuses: ["main", "side"].map((name) => ({
    name,
    image: "registry.test/shop/cart:1",
    imageID: "sha256:0",
    containerID: "containerd://0",
    restartCount: index,
    ready: true,
    started: true,
    state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  })),
})

const maps = "/configmaps"
const merge = "application/merge-patch+json"
await least("create a ConfigMap", (index) =>
  write("kubectl", "POST", maps, {
    metadata: { name: `m${index}`, labels: { app: "cart" } },
    data: { a: "1", b: "2" },
  }),
)
await least("update a ConfigMap", (index) =>
  write("kubectl", "PUT", `${maps}/m0`, { metadata: { name: "m0" }, data: { a: `${index}`, b: "2" } }),
)
await least("patch a ConfigMap", (index) =>
  write("kubectl", "PATCH", `${maps}/m0`, { data: { a: `p${index}` } }, merge),
)
await write("scheduler", "POST", "/pods", pod("p"))
await least("create a Pod", (index) => write("controller", "POST", "/pods", pod(`p${index}`)))
await least("patch a Pod's status", (index) =>
  write("kubelet", "PATCH", "/pods/p/status", { status: status(index) }, merge),
)
await least("patch a Pod's label", (index) =>
  write("kubectl", "PATCH", "/pods/p", { metadata: { labels: { at: `${index}` } } }, merge),
)
await server[Symbol.asyncDispose]()
await storage.close()
