import type { Clock, Timer } from "../clock/index.ts"
import type { Fetch } from "./client.ts"

export interface FailoverOptions {
  /** Base URLs of equal servers, best first. Read anew whenever one is lost: they may have moved. */
  readonly servers: () => Promise<readonly string[]>
  readonly clock: Clock
}

/** Between two looks at the server in use. Only where there are several: a lone one is waited for. */
const probeMs = 1_000
/** A server that takes longer than this to say that it is ready… */
const probeTimeoutMs = 1_000
/** …so many times in a row is lost: a busy one may be late once. */
const lateMax = 2
/** What says that a server works, and that its store has a leader. */
const probePath = "/readyz"

/** Nothing was sent: the connection did not come about. */
const unsent = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"])

/**
 * Requests by the stream of their answer, for as long as that is read. A request listens to the signal it was made with only
 * while somebody remembers the request: when it is collected, neither its caller nor the loss of its server can end the
 * stream any more, and a watch of a frozen server would wait for ever.
 */
const held = new WeakMap<ReadableStream, readonly Request[]>()

/** One use of one server, until it is lost; then all that still waits for it is cut off. */
interface Choice {
  readonly server: string
  readonly lost: AbortController
}

/**
 * One `fetch` over several equal servers. All requests go to one of them, until it is lost: refuses connections, or does
 * not say within two seconds that it is ready (a frozen process still takes connections, and a cut wire says nothing).
 * Then its open requests fail as if the connection had broken, so that watches go on elsewhere from where they were, and
 * the next server is used. A request that surely reached nobody is sent again; a read as well; a write that may have
 * arrived is its caller's to judge.
 */
export class Failover implements Disposable {
  readonly #options: FailoverOptions
  readonly #fetch: Fetch
  #servers: readonly string[] = []
  #choice: Choice | undefined
  #timer: Timer | undefined
  #late = 0
  #closed = false

  constructor(fetch: Fetch, options: FailoverOptions) {
    this.#fetch = fetch
    this.#options = options
  }

  /** Base URL of the server in use. */
  async server(): Promise<string> {
    return (await this.#chosen()).server
  }

  readonly fetch: Fetch = async (request) => {
    const read = request.method === "GET" || request.method === "HEAD"
    for (let attempt = 1; ; attempt++) {
      const choice = await this.#chosen()
      const last = attempt >= Math.max(2, this.#servers.length)
      const copy = last || request.body === null ? request : request.clone()
      try {
        const sent = addressed(copy, choice)
        const response = await this.#fetch(sent)
        if (response.body) held.set(response.body, [request, sent])
        return response
      } catch (error) {
        if (request.signal.aborted || this.#closed) throw error
        const unsentNow = unsent.has(codeOf(error))
        if (unsentNow || choice.lost.signal.aborted) await this.#lose(choice)
        if (last || !(read || unsentNow)) throw error
      }
    }
  }

  /** There may be more servers now, or fewer. */
  async refresh(): Promise<void> {
    const servers = await this.#options.servers().catch(() => this.#servers)
    this.#servers = servers
    if (this.#choice && servers.length > 1 && !this.#timer && !this.#closed) this.#probeAfter(probeMs, this.#choice)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#choice?.lost.abort()
  }

  async #chosen(): Promise<Choice> {
    if (this.#choice) return this.#choice
    const servers = await this.#options.servers()
    if (this.#choice) return this.#choice
    this.#servers = servers
    return this.#use(servers[0] ?? "")
  }

  #use(server: string): Choice {
    const choice = { server, lost: new AbortController() }
    this.#choice = choice
    this.#late = 0
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#servers.length > 1 && !this.#closed) this.#probeAfter(probeMs, choice)
    return choice
  }

  /** Goes on with the one after it. */
  async #lose(choice: Choice): Promise<void> {
    if (this.#choice !== choice || this.#closed) return
    const servers = await this.#options.servers().catch(() => this.#servers)
    if (this.#choice !== choice || this.#closed) return
    this.#servers = servers
    const next = servers[(servers.indexOf(choice.server) + 1) % Math.max(1, servers.length)] ?? choice.server
    this.#use(next)
    choice.lost.abort(new TypeError("fetch failed", { cause: new Error(`${choice.server} is lost`) }))
  }

  #probeAfter(ms: number, choice: Choice): void {
    this.#timer = this.#options.clock.timer(ms, () => void this.#probe(choice))
  }

  async #probe(choice: Choice): Promise<void> {
    this.#timer = undefined
    const health = await this.#healthOf(choice)
    if (this.#choice !== choice || this.#closed) return
    this.#late = health === "late" ? this.#late + 1 : 0
    if (health === "bad" || this.#late >= lateMax) await this.#lose(choice)
    else if (this.#servers.length > 1) this.#probeAfter(health === "late" ? 0 : probeMs, choice)
  }

  async #healthOf({ server }: Choice): Promise<"good" | "bad" | "late"> {
    const end = new AbortController()
    const timer = this.#options.clock.timer(probeTimeoutMs, () => end.abort())
    try {
      const response = await this.#fetch(new Request(`${server}${probePath}`, { signal: end.signal }))
      await response.body?.cancel()
      // One that does not know us, or has no such path, is there all the same.
      return response.status >= 500 ? "bad" : "good"
    } catch {
      return end.signal.aborted ? "late" : "bad"
    } finally {
      timer.cancel()
    }
  }
}

/** The same request to that server, given up when the server is lost. */
function addressed(request: Request, { server, lost }: Choice): Request {
  const { pathname, search } = new URL(request.url)
  const init = { signal: AbortSignal.any([request.signal, lost.signal]) }
  return new Request(new Request(`${server}${pathname}${search}`, request), init)
}

function codeOf(error: unknown): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== undefined) return code
  }
  return ""
}
