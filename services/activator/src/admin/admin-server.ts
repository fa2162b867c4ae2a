import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { IngressGeneration } from "../cluster/cluster-watch.ts"
import { slotsPath } from "../peers/peer-links.ts"
import { HookSeats, isLoopback } from "./hook-seats.ts"

/** What the admin endpoint serves; none of it is for clients. */
export interface AdminWorld {
  readonly clock: Clock
  readonly metrics: Pick<Metrics, "contentType" | "text">
  readonly log: Log
  /** Whether another of serving's own services asks. */
  isProven(request: IncomingMessage): boolean
  /** Asks another activator, with a proof that it is we who do. */
  proof(method: string, path: string): Readonly<Record<string, string>>
  /** Everything has been listed once (before that a request could be told 404 for a host that exists), and no end is near. */
  isReady(): boolean
  /** Whether this is the uid of the revision, or of one of that name that has pods yet. */
  isUidOf(uid: string, namespace: string, name: string): boolean
  /** Resolves when this activator has nothing in flight on a terminating pod of the revision. */
  drained(namespace: string, name: string, signal: AbortSignal): Promise<void>
  /** Resolves when requests are routed by this generation of an Ingress or a later one, or when the signal aborts. */
  routed(ingress: IngressGeneration, signal: AbortSignal): Promise<void>
  /** Where the admin endpoints of the other activators are. */
  peers(): readonly string[]
  /** Another activator wants to speak about slots. */
  join(request: IncomingMessage, socket: Duplex): void
}

interface Hook {
  readonly namespace: string
  readonly name: string
  readonly uid?: string | undefined
}

/** Whoever asks whether an Ingress is routed is told "not yet" after this, and asks again. */
const routedMsMax = 30_000

/**
 * `/healthz`, `/readyz` and `/metrics` for everybody, and two that are answered when it is time:
 *
 * - `/drain/<namespace>/<revision>/<uid>`, which a terminating pod's preStop asks: no activator has a request in flight on a
 *   terminating pod of that revision. It changes nothing; kubelets elsewhere are known by the revision's uid;
 * - `/routed/<namespace>/<ingress>?generation=N&uid=U`, which the controller asks: requests are routed by that generation.
 *
 * That one, and speaking about slots, is for serving's own services alone.
 */
export class AdminServer implements AsyncDisposable {
  readonly #world: AdminWorld
  readonly #servers: Server[] = []
  readonly #hookSeats = new HookSeats()

  constructor(world: AdminWorld) {
    this.#world = world
  }

  async listen(host: string, port: number): Promise<AddressInfo> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => {
        this.#world.log.warn("admin request failed", { url: request.url, error })
        if (!response.headersSent) response.writeHead(500)
        response.end()
      })
    })
    server.on("upgrade", (request, socket) => {
      if (new URL(request.url ?? "/", "http://activator").pathname !== slotsPath) socket.destroy()
      else if (this.#world.isProven(request)) this.#world.join(request, socket)
      else socket.end(`HTTP/1.1 401 Unauthorized\r\n${challenge}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
    })
    // A drain is answered when the last request has ended, however long that takes.
    server.requestTimeout = 0
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once("error", reject)
    server.listen(port, host, resolve)
    await promise
    this.#servers.push(server)
    return server.address() as AddressInfo
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://activator")
    const [, verb, namespace, name, uid] = pathname.split("/")
    if (verb === "healthz") end(response, 200, "ok\n")
    else if (verb === "readyz")
      end(response, this.#world.isReady() ? 200 : 503, this.#world.isReady() ? "ok\n" : "not ready\n")
    else if (verb === "metrics") {
      response.setHeader("content-type", this.#world.metrics.contentType)
      end(response, 200, await this.#world.metrics.text())
    } else if (verb === "drain" && namespace && name) {
      const drain = (): Promise<void> => this.#drain(namespace, name, searchParams.get("only") === "self", response)
      if (this.#world.isProven(request)) await drain()
      else if (this.#isHook(request, { namespace, name, uid })) await this.#seated(request, response, drain)
      else refuse(response)
    } else if (verb === "routed" && namespace && name) {
      if (!this.#world.isProven(request)) return refuse(response)
      const generation = Number(searchParams.get("generation")) || 0
      await this.#routed({ namespace, name, generation, uid: searchParams.get("uid") ?? undefined }, response)
    } else {
      const served = "healthz, readyz, metrics, drain/<namespace>/<revision>/<uid> and routed/<namespace>/<ingress>"
      end(response, 404, `${served} are served here\n`)
    }
  }

  /** A kubelet's, as far as one can see: it has no proof of who it is, but knows what only who may read the pod does. */
  #isHook({ socket }: IncomingMessage, { namespace, name, uid = "" }: Hook): boolean {
    return isLoopback(socket.remoteAddress ?? "") || (uid !== "" && this.#world.isUidOf(uid, namespace, name))
  }

  async #seated(request: IncomingMessage, response: ServerResponse, drain: () => Promise<void>): Promise<void> {
    using seat = this.#hookSeats.take(request.socket.remoteAddress ?? "")
    if (seat) await drain()
    else end(response, 429, "too many drains are waited for from this address\n")
  }

  async #routed(ingress: IngressGeneration, response: ServerResponse): Promise<void> {
    const limit = new AbortController()
    response.on("close", () => limit.abort())
    const timer = this.#world.clock.timer(routedMsMax, () => limit.abort())
    await this.#world.routed(ingress, limit.signal)
    timer.cancel()
    if (limit.signal.aborted) end(response, 504, "not routed yet\n")
    else end(response, 200, "routed\n")
  }

  async #drain(namespace: string, name: string, onlySelf: boolean, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on("close", () => gone.abort())
    const peers = onlySelf ? [] : this.#world.peers()
    const path = `/drain/${namespace}/${name}?only=self`
    const headers = this.#world.proof("GET", path)
    const asked = peers.map((peer) => askPeer(peer + path, headers, gone.signal))
    // A peer that cannot be asked is gone, and its requests with it.
    await Promise.all([this.#world.drained(namespace, name, gone.signal), ...asked])
    end(response, 200, "drained\n")
  }
}

function end(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status
  response.end(text)
}

/** By which scheme one proves who one is; the key to it is serving's. */
const challenge = "www-authenticate: Wick"

function refuse(response: ServerResponse): void {
  const [name = "", value = ""] = challenge.split(": ")
  response.setHeader(name, value)
  end(response, 401, "this is for the services of the platform alone\n")
}

function askPeer(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const asked = get(url, { headers, signal, agent: false }, (answer) => {
      answer.resume()
      answer.on("close", resolve)
    })
    asked.on("error", () => resolve())
  })
}
