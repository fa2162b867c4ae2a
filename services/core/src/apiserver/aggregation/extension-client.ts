import { lookup as lookupByDns } from "node:dns"
import type { IncomingMessage } from "node:http"
import { Agent, type RequestOptions, request } from "node:https"
import { isIP, type LookupFunction } from "node:net"
import { Readable } from "node:stream"
import type { ReadableStream as NodeReadableStream } from "node:stream/web"
import type { Clock } from "@wick/sdk/clock"
import { responseOf, type Switched } from "../switch-over.ts"
import type { Backend } from "./resolve.ts"
import { type Route, serverName } from "./route.ts"

/** With what the API server shows extension servers that it is the one who may say who asks. */
export interface FrontProxyCredential {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A request on its way to an extension server. */
export interface Forwarded {
  readonly method: string
  /** With its query, as the client wrote it. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: ReadableStream<Uint8Array> | null
  readonly signal?: AbortSignal | undefined
  /** How long the head of the answer may take; what follows it may take as long as it likes. */
  readonly headMsMax: number
}

/** Requests to one extension server at the same time, watches among them; more wait until one ends. */
const connectionsMax = 1_000
/** Connections that are kept although nobody uses them. */
const idleConnectionsMax = 8
/** As long as they are kept: less than the time after which most servers close them. */
const idleMsMax = 60_000

/**
 * One extension server: HTTPS with our certificate, connections kept, bodies streamed both ways. HTTP/1.1, which every
 * server speaks and upgrades need.
 */
export class ExtensionClient {
  readonly #route: Route
  readonly #clock: Clock
  readonly #agent: Agent
  #turn = 0

  constructor(route: Route, credential: FrontProxyCredential, clock: Clock) {
    this.#route = route
    this.#clock = clock
    this.#agent = new Agent({
      keepAlive: true,
      // Of a connection that nobody uses; one on which a watch is silent stays.
      timeout: idleMsMax,
      maxSockets: connectionsMax,
      maxFreeSockets: idleConnectionsMax,
      cert: credential.certificatePem,
      key: credential.privateKeyPem,
      servername: serverName(route.service),
      rejectUnauthorized: !route.skipsVerification,
      ...(route.authorityPem !== undefined && { ca: route.authorityPem }),
    })
  }

  /** Rejects when there is no answer; the client that leaves ends the request. */
  send(backends: readonly Backend[], forwarded: Forwarded): Promise<Response> {
    return this.#send(backends, forwarded, true)
  }

  async #send(backends: readonly Backend[], forwarded: Forwarded, mayRetry: boolean): Promise<Response> {
    const outgoing = request(this.#options(this.#next(backends), forwarded))
    const answered = this.#answerTo(outgoing, forwarded)
    if (forwarded.body) {
      const body = Readable.fromWeb(forwarded.body as NodeReadableStream<Uint8Array>)
      body.on("error", (error) => outgoing.destroy(error)).pipe(outgoing)
      // What nobody reads any more need not be sent.
      outgoing.once("close", () => body.destroy())
    } else outgoing.end()
    try {
      return answerOf(await answered)
    } catch (error) {
      // The server has closed a connection at the moment at which we took it again: it has not seen the request.
      const wasClosed =
        outgoing.reusedSocket && ["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "")
      if (wasClosed && mayRetry && !forwarded.body && forwarded.method === "GET") {
        return this.#send(backends, forwarded, false)
      }
      throw error
    }
  }

  /** Asks for another protocol: its connection when the server agrees, else the server's answer. */
  async upgrade(
    backends: readonly Backend[],
    forwarded: Forwarded,
  ): Promise<Switched | { readonly kind: "answer"; readonly response: Response }> {
    const outgoing = request(this.#options(this.#next(backends), forwarded))
    const switched = new Promise<Switched>((resolve) => {
      outgoing.once("upgrade", (head, socket, first) => resolve({ kind: "switched", head, socket, first }))
    })
    const answered = this.#answerTo(outgoing, forwarded, switched)
    outgoing.end()
    return Promise.race([
      switched,
      answered.then((answer) => ({ kind: "answer" as const, response: answerOf(answer) })),
    ])
  }

  close(): void {
    this.#agent.destroy()
  }

  #next(backends: readonly Backend[]): Backend {
    this.#turn = (this.#turn + 1) % backends.length
    return backends[this.#turn] as Backend
  }

  #options({ host, port }: Backend, { method, path, headers, body, signal }: Forwarded): RequestOptions {
    const name = serverName(this.#route.service)
    return {
      agent: this.#agent,
      method,
      path,
      host: name,
      port,
      headers: { ...framed(headers, body), host: `${name}:${this.#route.service.port}` },
      ...(signal && { signal }),
      // The agent keeps connections by name and port; where the name leads is asked only for a new one.
      lookup: lookupOf(host),
    }
  }

  #answerTo(
    outgoing: ReturnType<typeof request>,
    { headMsMax }: Forwarded,
    otherwise?: Promise<unknown>,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const late = new Error(`no answer within ${headMsMax / 1_000} s`)
      const timer = this.#clock.timer(headMsMax, () => outgoing.destroy(late))
      void otherwise?.then(() => timer.cancel())
      outgoing.once("response", (response: IncomingMessage) => {
        timer.cancel()
        resolve(response)
      })
      // It stays: a connection may break long after its answer has begun, and nobody else would listen.
      outgoing.on("error", (error) => {
        timer.cancel()
        reject(error)
      })
    })
  }
}

/**
 * The headers with the length of the body that is sent, and of no other. Bytes that were not announced, or less of them than
 * were, would make the server take a part of one request for another one, from whoever its headers say.
 */
function framed(headers: Forwarded["headers"], body: Forwarded["body"]): Forwarded["headers"] {
  const { "content-length": length, ...others } = headers
  if (!body) return others
  // Node counts only where it expects a body, which is not so for DELETE.
  return length === undefined ? { ...others, "transfer-encoding": "chunked" } : headers
}

function answerOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 502
  if (status >= 300 && status <= 399 && answer.headers.location !== undefined) {
    answer.destroy()
    // A client would follow it with credentials that are meant for us.
    return plainResponse("the backend attempted to redirect this request, which is not permitted", 502)
  }
  return responseOf(answer)
}

export function plainResponse(text: string, status: number): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } })
}

function lookupOf(host: string): LookupFunction {
  const family = isIP(host)
  if (family === 0) return (_, options, callback) => lookupByDns(host, options, callback as never)
  return (_, options, callback) => {
    if (options.all) callback(null, [{ address: host, family }])
    else callback(null, host, family)
  }
}
