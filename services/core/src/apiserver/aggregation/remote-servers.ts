/**
 * Everything that is needed only when there is an extension server: it is loaded with the first APIService that names
 * one. Requests are passed on, and each server is asked from time to time whether it is there.
 */
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import { type Controller, createController, done, type Result, wakeAfter } from "@wick/sdk/controller"
import type { CounterCell, Family } from "@wick/sdk/metrics"
import type { UserInfo } from "../authentication/user.ts"
import { forwardedHeaders, identityHeaders } from "../forwarded-headers.ts"
import { jsonEqual } from "../patch/json-value.ts"
import { type Server, timestamp } from "../request-context.ts"
import { switchOver } from "../switch-over.ts"
import { failedCheck, local, passed, type Verdict, withVerdict } from "./availability.ts"
import { Backends } from "./backends.ts"
import { ExtensionClient, type Forwarded, type FrontProxyCredential, plainResponse } from "./extension-client.ts"
import { type RemoteResource, resourcesOf } from "./remote-discovery.ts"
import { type Route, routeOf, serverName } from "./route.ts"

export interface RemoteServersOptions {
  readonly server: Server
  readonly client: Client
  readonly credential: FrontProxyCredential
  /** Counts by name and reason. */
  readonly unavailable: Family<CounterCell>
  /** The APIService of a name as it is now. */
  readonly find: (name: string) => APIService | undefined
  /** Names of all that lead to a Service, `namespace/name`. */
  readonly leadingTo: (service: string) => readonly string[]
  /** What the server of an APIService serves; undefined: it does not answer now. */
  readonly onDiscovered: (name: string, resources: readonly RemoteResource[] | undefined) => void
}

/** As Kubernetes asks a server that answers. */
const checkEveryMs = 30_000
/** First wait after a failed check; it doubles up to the time between checks. */
const retryMsMin = 250
const checkMsMax = 5_000
/** As Kubernetes limits requests that are no watches; here, until the answer begins. */
const headMsMax = 60_000
/** What one server may say of itself. */
const documentBytesMax = 8 * 1024 * 1024

/** Who asks an extension server what it serves. */
const aggregator: UserInfo = { name: "system:kube-aggregator", groups: ["system:masters"] }

/** One request that goes on, and who it is from. */
export interface Relayed {
  readonly route: Route
  readonly request: Request
  readonly url: URL
  readonly user: UserInfo
  readonly peerAddress: string
}

export class RemoteServers implements AsyncDisposable {
  readonly #options: RemoteServersOptions
  readonly #backends: Backends
  readonly #controller: Controller
  readonly #clients = new Map<string, { readonly form: string; readonly client: ExtensionClient }>()
  readonly #failures = new Map<string, number>()
  readonly #unfollow: () => void

  constructor(options: RemoteServersOptions) {
    const { clock, log } = options.server
    this.#options = options
    this.#backends = new Backends(options.server)
    this.#controller = createController({
      name: "api-service-availability",
      clock,
      log,
      watches: [],
      concurrency: 4,
      reconcile: (name, signal) => this.#reconcile(name, signal),
    })
    this.#unfollow = this.#backends.follow((service) => {
      for (const name of options.leadingTo(service)) this.wake(name)
    })
  }

  /** Looks at an APIService soon. */
  wake(name: string): void {
    this.#controller.wake(name)
  }

  async relay({ route, request, url, user, peerAddress }: Relayed): Promise<Response> {
    return this.#ask(route, {
      method: request.method,
      path: url.pathname + url.search,
      headers: forwardedHeaders(request.headers, user, peerAddress),
      body: request.body,
      signal: request.signal,
      headMsMax,
    })
  }

  /** An answer of the server, or in its place why there is none, as Kubernetes says it. */
  async #ask(route: Route, forwarded: Forwarded): Promise<Response> {
    const resolution = await this.#backends.of(route.service)
    if (!route.isAvailable || resolution.kind === "nowhere") return plainResponse("service unavailable", 503)
    try {
      return await this.#clientOf(route).send(resolution.backends, forwarded)
    } catch (error) {
      // Whoever asks next should hear it at once.
      if (!forwarded.signal?.aborted) this.wake(route.name)
      return plainResponse(`error trying to reach service: ${(error as Error).message}`, 503)
    }
  }

  async upgrade(
    route: Route,
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
    peerAddress: string,
  ): Promise<void> {
    const resolution = await this.#backends.of(route.service)
    if (!route.isAvailable || resolution.kind === "nowhere") {
      return switchOver(socket, head, { kind: "answer", response: plainResponse("service unavailable", 503) })
    }
    const { upgrade = "" } = incoming.headers
    const headers = Object.entries(incoming.headers).flatMap(([name, value = ""]) =>
      [value].flat().map((each): [string, string] => [name, each]),
    )
    // What was judged is what is asked for: a path may be written in several ways.
    const { pathname, search } = new URL(incoming.url ?? "/", "http://apiserver")
    const left = new AbortController()
    socket.once("close", () => left.abort())
    const forwarded: Forwarded = {
      method: incoming.method ?? "GET",
      path: pathname + search,
      headers: { ...forwardedHeaders(headers, user, peerAddress), connection: "Upgrade", upgrade },
      signal: left.signal,
      headMsMax,
    }
    const answer = await this.#clientOf(route)
      .upgrade(resolution.backends, forwarded)
      .catch((error: Error) => {
        this.wake(route.name)
        return {
          kind: "answer" as const,
          response: plainResponse(`error trying to reach service: ${error.message}`, 503),
        }
      })
    return switchOver(socket, head, answer)
  }

  /** A JSON document of a server about itself; undefined when it has none, or does not answer. */
  async document(route: Route, path: string): Promise<unknown> {
    const response = await this.#askAsAggregator(route, path)
    if (!response?.ok) return undefined
    return jsonOf(response)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unfollow()
    await this.#controller[Symbol.asyncDispose]()
    for (const { client } of this.#clients.values()) client.close()
  }

  #clientOf(route: Route): ExtensionClient {
    const { credential, server } = this.#options
    const form = JSON.stringify([route.service, route.authorityPem, route.skipsVerification])
    const found = this.#clients.get(route.name)
    if (found?.form === form) return found.client
    found?.client.close()
    const client = new ExtensionClient(route, credential, server.clock)
    this.#clients.set(route.name, { form, client })
    return client
  }

  async #reconcile(name: string, signal: AbortSignal): Promise<Result> {
    const found = this.#options.find(name)
    const route = found && routeOf(found)
    if (!route) this.#forget(name)
    if (!found) return done
    const verdict = route ? await this.#judge(route, signal) : local
    if (signal.aborted) return done
    await this.#tell(found, verdict)
    if (!route) return done
    if (verdict.reason !== "FailedDiscoveryCheck") {
      this.#failures.delete(name)
      return wakeAfter(checkEveryMs)
    }
    const failures = this.#failures.get(name) ?? 0
    this.#failures.set(name, failures + 1)
    return wakeAfter(Math.min(retryMsMin * 2 ** failures, checkEveryMs))
  }

  #forget(name: string): void {
    this.#clients.get(name)?.client.close()
    this.#clients.delete(name)
    this.#failures.delete(name)
  }

  async #judge(route: Route, signal: AbortSignal): Promise<Verdict> {
    const resolution = await this.#backends.of(route.service)
    if (resolution.kind === "nowhere") {
      this.#options.onDiscovered(route.name, undefined)
      return { isAvailable: false, reason: resolution.reason, message: resolution.message }
    }
    const path = `/apis/${route.group}/${route.version}`
    const url = `https://${serverName(route.service)}:${route.service.port}${path}`
    try {
      const response = await this.#clientOf(route).send(resolution.backends, own(path, signal))
      if (!response.ok) {
        await response.body?.cancel()
        throw new Error(`bad status from ${url}: ${response.status}`)
      }
      this.#options.onDiscovered(route.name, resourcesOf(await jsonOf(response)) ?? [])
      return passed
    } catch (error) {
      this.#options.onDiscovered(route.name, undefined)
      return failedCheck(url, (error as Error).message)
    }
  }

  async #askAsAggregator(route: Route, path: string): Promise<Response | undefined> {
    const resolution = await this.#backends.of(route.service)
    if (resolution.kind === "nowhere") return undefined
    return this.#clientOf(route)
      .send(resolution.backends, own(path))
      .catch(() => undefined)
  }

  /** Others have conditions there too: what they wrote meanwhile is a conflict, after which we look again. */
  async #tell(found: APIService, verdict: Verdict): Promise<void> {
    const { client, server, unavailable } = this.#options
    const { status, metadata } = found
    const conditions = withVerdict(status?.conditions, verdict, timestamp(server))
    if (jsonEqual(conditions, status?.conditions)) return
    const { isAvailable: available, reason, message } = verdict
    if (!available) unavailable.with({ name: metadata.name, reason }).add()
    server.log.info("an API is served differently", { apiService: metadata.name, available, reason, message })
    try {
      await client.updateStatus(APIService, { ...found, status: { ...status, conditions } })
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error
    }
  }
}

function own(path: string, signal?: AbortSignal): Forwarded {
  const headers = { accept: "application/json", ...identityHeaders(aggregator) }
  return { method: "GET", path, headers, signal, headMsMax: checkMsMax }
}

/** Undefined when it is too large, or no JSON. */
async function jsonOf(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > documentBytesMax) return undefined
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"))
  } catch {
    return undefined
  }
}
