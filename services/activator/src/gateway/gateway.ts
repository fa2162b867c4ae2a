import type { AddressInfo } from "node:net"
import type { Clock } from "@wick/sdk/clock"
import type { Tracing } from "@wick/sdk/tracing"
import type { Backend } from "../backend/backend.ts"
import type { Asked, Onward, Passage } from "../cluster/host-rule.ts"
import { traceCall } from "./call-trace.ts"
import type { ClientLimit } from "./client-limit.ts"
import { type Door, Entrance, type EntranceWorld, type Place, type Reception } from "./entrance.ts"
import { HeldHeads } from "./held-heads.ts"
import type { Incoming, Outgoing } from "./http-call.ts"
import { answerProbe } from "./network-probe.ts"
import { answerSocket, answerWith, type OwnAnswer, plain, toHttps } from "./own-answer.ts"
import { originForm, type RequestHead, replaceHeaders, requestHead } from "./request-head.ts"
import type { RequestLog } from "./request-log.ts"
import { callOf } from "./undecided-call.ts"
import { type Upgrade, UpgradeCall } from "./upgrade-call.ts"

/** What a request needs of its surroundings. */
export interface GatewayWorld {
  readonly clock: Clock
  readonly heads: HeldHeads
  /** About to be shut down: connections are closed after their answer. */
  draining: boolean
  /** Undefined while requests are not logged. */
  requestLog: RequestLog | undefined
  /** As its settings are now. */
  readonly tracing: Pick<Tracing, "tracer">
  /** At which clients reach us by TLS. */
  securePort: number
}

export interface GatewayRouting extends Pick<Reception, "certificateOf"> {
  /** Where the next request to this host goes, as far as it is known. */
  choose(host: string, asked: Asked, isLocal: boolean): Passage<Backend> | undefined
  /** Resolves when the routing knows everything that the API server knew when it was called. */
  caughtUp(): Promise<void>
}

export interface GatewayOptions extends Pick<GatewayWorld, "clock" | "tracing"> {
  readonly clients: ClientLimit
  readonly headTimeoutMs?: number | undefined
}

/** What can be done with a request, whatever it came by. */
interface Visit {
  readonly request: Incoming
  readonly head: RequestHead
  readonly door: Door
  admit(passage: Onward<Backend>): void
  answer(given: OwnAnswer): void
}

/** A client has this long to send a request's head; a body may take as long as the revision's timeout allows. */
const headMsMax = 60_000
const httpsPort = 443

/** The ports that clients see, and the way from a request's head to the revision that it is for. */
export class Gateway implements AsyncDisposable {
  readonly #routing: GatewayRouting
  readonly #world: GatewayWorld
  readonly #reception: Reception
  readonly #entranceWorld: EntranceWorld
  readonly #entrances = new Map<string, Entrance>()

  constructor(routing: GatewayRouting, { clock, clients, headTimeoutMs = headMsMax, tracing }: GatewayOptions) {
    this.#routing = routing
    this.#entranceWorld = { clock, clients, headTimeoutMs }
    const heads = new HeldHeads()
    this.#world = { clock, heads, draining: false, requestLog: undefined, tracing, securePort: httpsPort }
    this.#reception = {
      certificateOf: (host) => routing.certificateOf(host),
      request: (request, response, rawHeaders, door) => this.#request(request, response, rawHeaders, door),
      upgrade: (request, protocol, socket, first, door) => this.#upgrade({ request, protocol, socket, first }, door),
    }
  }

  listen(place: Place, door: Door): Promise<AddressInfo> {
    const key = `${door.isLocal} ${door.isSecure}`
    const entrance = this.#entrances.get(key) ?? new Entrance(door, this.#reception, this.#entranceWorld)
    this.#entrances.set(key, entrance)
    return entrance.listen(place)
  }

  /** From the next request on. */
  logTo(requestLog: RequestLog | undefined): void {
    this.#world.requestLog = requestLog
  }

  /** Where clients without TLS are sent, if they may not go without. */
  redirectTo(securePort: number): void {
    this.#world.securePort = securePort
  }

  /** Asks clients to take their next requests elsewhere, and goes on serving. */
  retire(): void {
    this.#world.draining = true
  }

  /** Takes no new connections; resolves when the last request has been answered or `limitMs` has passed. */
  async drain(limitMs: number): Promise<void> {
    this.#world.draining = true
    const drained = Promise.all(this.#entrances.values().map((entrance) => entrance.drain()))
    await Promise.race([drained, this.#world.clock.sleep(limitMs)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const entrance of this.#entrances.values()) entrance.close()
  }

  #request(request: Incoming, response: Outgoing, rawHeaders: readonly string[], door: Door): void {
    const head = headOf(request, rawHeaders, door)
    if (head === undefined) {
      answerWith(response, contradiction)
      return
    }
    const passage = head.probe === "" ? this.#routing.choose(head.host, request, door.isLocal) : undefined
    // By far the most: known host, plain request. Nothing is allocated for them but the call.
    if (passage !== undefined && passage.answer === undefined && (!passage.secureOnly || door.isSecure)) {
      this.#admit(request, response, head, passage, door)
      return
    }
    const admit = (found: Onward<Backend>): void => this.#admit(request, response, head, found, door)
    this.#consider({ request, head, door, admit, answer: (given) => answerWith(response, given) })
  }

  #admit(request: Incoming, response: Outgoing, head: RequestHead, passage: Onward<Backend>, door: Door): void {
    const backend = passage.target
    address(head, passage)
    const call = callOf(backend.speaks, request, response, head, this.#world)
    call.tag = passage.tag
    const { requestLog, tracing } = this.#world
    if (tracing.tracer !== undefined) call.trace = traceCall(tracing.tracer, request, head, backend, door.isSecure)
    if (requestLog !== undefined) call.record = requestLog.begin(request, backend, call.trace?.traceId)
    backend.admit(call)
  }

  #upgrade(upgrade: Omit<Upgrade, "head">, door: Door): void {
    const { request, socket } = upgrade
    const head = headOf(request, request.rawHeaders, door)
    if (head === undefined) {
      answerSocket(socket, contradiction)
      return
    }
    const admit = (passage: Onward<Backend>): void => {
      const { target, tag } = passage
      address(head, passage)
      const call = new UpgradeCall({ ...upgrade, head }, this.#world)
      call.tag = tag
      const { requestLog, tracing } = this.#world
      if (tracing.tracer !== undefined) call.trace = traceCall(tracing.tracer, request, head, target, door.isSecure)
      call.record = requestLog?.begin(request, target, call.trace?.traceId)
      target.admit(call)
    }
    this.#consider({ request, head, door, admit, answer: (given) => answerSocket(socket, given) })
  }

  /** A host may be new: only when the routes are known to be as new as the request does "unknown" mean that. */
  #consider(visit: Visit): void {
    const { request, head, door } = visit
    const first = this.#routing.choose(head.host, request, door.isLocal)
    if (first !== undefined) {
      this.#decide(visit, first)
      return
    }
    const again = (): void => this.#decide(visit, this.#routing.choose(head.host, request, door.isLocal))
    this.#routing.caughtUp().then(again, again)
  }

  #decide({ request, head, door, admit, answer }: Visit, passage: Passage<Backend> | undefined): void {
    if (head.probe !== "") {
      const own = answerProbe(head.probe, head.probeHash, head.host, passage?.target)
      this.#world.requestLog?.probed(request, own.status, own.body.length)
      answer(own)
    } else if (passage?.answer !== undefined) answer({ status: 200, body: passage.answer })
    else if (passage === undefined) answer(plain(404, `no route for host ${head.host}`))
    else if (passage.secureOnly && !door.isSecure && !head.wasSecure) {
      answer(toHttps(head.host, this.#world.securePort, request.url ?? "/"))
    } else admit(passage)
  }
}

const contradiction = plain(400, "the request's headers contradict each other")

function headOf(request: Incoming, rawHeaders: readonly string[], door: Door): RequestHead | undefined {
  const head = requestHead(rawHeaders, clientAddress(request.socket), door.isSecure)
  if (head === undefined || request.url?.charCodeAt(0) === 47 /* / */) return head
  const path = originForm(request.url, head.host)
  if (path === undefined) return undefined
  request.url = path
  return head
}

/** Gives a request what its way adds to it. */
function address(head: RequestHead, { headers, host }: Onward<Backend>): void {
  if (headers !== undefined) replaceHeaders(head.headers, headers)
  if (host === undefined) return
  head.host = host
  replaceHeaders(head.headers, ["Host", host])
}

function clientAddress(socket: { remoteAddress?: string | undefined } | undefined): string {
  const address = socket?.remoteAddress ?? "unknown"
  return address.startsWith("::ffff:") ? address.slice(7) : address
}
