import { createServer, type IncomingMessage, type RequestListener, request, type Server } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { proofOf } from "@wick/sdk/gateway-key"
import { silentLog } from "@wick/sdk/log"
import { createMetrics } from "@wick/sdk/metrics"
import { type Activator, type ActivatorOptions, startActivator } from "../activator.ts"
import { adminKey, ScriptedCluster } from "./scripted-cluster.ts"

export interface App extends AsyncDisposable {
  readonly port: number
  readonly server: Server
  /** As when its process is killed. */
  kill(): Promise<void>
}

/** An application on loopback. Pods of one revision share a port and differ in address: 127.0.0.1, 127.0.0.2, … */
export async function startApp(handle: RequestListener, host = "127.0.0.1", port = 0): Promise<App> {
  const server = createServer(handle)
  const sockets = new Set<Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const kill = async (): Promise<void> => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, server, kill, [Symbol.asyncDispose]: kill }
}

export interface Stage extends AsyncDisposable {
  readonly cluster: ScriptedCluster
  readonly activator: Activator
  readonly port: number
  /** What it tells of itself under the metric's name, all label sets together. */
  figure(metric: string): Promise<number>
}

/** A running activator before a scripted cluster. */
export async function startStage(
  prepare: (cluster: ScriptedCluster) => void = () => {},
  options: Partial<ActivatorOptions> = {},
): Promise<Stage> {
  const cluster = new ScriptedCluster()
  prepare(cluster)
  const activator = await startActivator({
    client: cluster.client,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: createMetrics(),
    listen: { host: "127.0.0.1", port: 0 },
    admin: { host: "127.0.0.1", port: 0 },
    id: "test",
    ...options,
  })
  return {
    cluster,
    activator,
    port: activator.address.port,
    figure: async (metric) => {
      const { body } = await ask(activator.adminAddress.port, "x", { path: "/metrics" })
      const lines = body.split("\n").filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0)
    },
    [Symbol.asyncDispose]: () => activator[Symbol.asyncDispose](),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

export interface Ask {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
  /** Called with each piece of the answer's body. */
  readonly heard?: (piece: string) => void
}

/** One request on a connection of its own. */
export function ask(port: number, host: string, given: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        agent: false,
        path: given.path ?? "/",
        method: given.method ?? "GET",
        headers: { host, ...given.headers },
        ...(given.signal && { signal: given.signal }),
      },
      (answer) => {
        let body = ""
        answer.setEncoding("utf8")
        answer.on("data", (chunk) => {
          body += chunk
          given.heard?.(chunk)
        })
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
        answer.on("error", reject)
      },
    )
    asked.on("error", reject)
    asked.end(given.body)
  })
}

/** As another of serving's own services asks at an admin endpoint. */
export function askAsService(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const authorization = proofOf(adminKey, { method: "GET", path }, systemClock.now())
  return ask(port, "x", { path, headers: { ...headers, authorization } })
}

/** Resolves when `condition` holds; looks at each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
