import { readFile } from "node:fs/promises"
import { type ClientHttp2Session, connect } from "node:http2"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { NotLeaderError, StoppedError } from "#store"
import { callTimeoutMs, connectTimeoutMs, pingIntervalMs, pingTimeoutMs, windowSize } from "./limits.ts"

export interface TlsFiles {
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

export interface LinkOptions {
  /** `https://host:port`; each is tried, beginning with the first. */
  readonly endpoints: readonly string[]
  /** Read anew for every connection, so that renewed certificates are used. */
  readonly tls: TlsFiles
  readonly clock: Clock
  readonly log: Log
}

/**
 * One HTTP/2 connection to one of several endpoints; when it is lost, the next caller has one made to the next. All calls
 * and watches share it.
 */
export class Link {
  readonly #options: LinkOptions
  #at = 0
  #session: ClientHttp2Session | undefined
  #opening: Promise<ClientHttp2Session> | undefined
  #ping: Timer | undefined
  /** A connection that was asked whether it lives, and has not answered yet. */
  #suspected: ClientHttp2Session | undefined
  #closed = false

  constructor(options: LinkOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get endpoints(): readonly string[] {
    return this.#options.endpoints
  }

  /** Throws NotLeaderError when no endpoint answers: nothing was sent to anyone. */
  session(): ClientHttp2Session | Promise<ClientHttp2Session> {
    if (this.#closed) throw new StoppedError("the store is closed")
    const session = this.#session
    if (session !== undefined && !session.closed && !session.destroyed) return session
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** This endpoint is of no use now: whoever asks next gets another. Calls under way on it have their time to end. */
  leave(session: ClientHttp2Session, reason: string): void {
    if (session !== this.#session) return
    this.#options.log.warn("etcd: another endpoint is taken", { endpoint: this.#endpoint(), reason })
    this.#session = undefined
    this.#at++
    if (session.destroyed) return
    session.close()
    const timer = this.#options.clock.timer(callTimeoutMs, () => session.destroy())
    session.once("close", () => timer.cancel())
  }

  /** No answer came in time: if the connection is dead, all that waits on it hears so now. */
  suspect(session: ClientHttp2Session): void {
    if (session.destroyed || this.#suspected === session) return
    this.#suspected = session
    const timer = this.#options.clock.timer(pingTimeoutMs, () => {
      this.leave(session, "it does not answer")
      session.destroy()
    })
    const settled = (): void => {
      timer.cancel()
      session.off("close", settled)
      if (this.#suspected === session) this.#suspected = undefined
    }
    session.once("close", settled)
    if (!session.ping(settled)) settled()
  }

  close(): void {
    this.#closed = true
    this.#ping?.cancel()
    this.#session?.destroy()
  }

  #endpoint(): string {
    const { endpoints } = this.#options
    return endpoints[this.#at % endpoints.length] ?? ""
  }

  async #open(): Promise<ClientHttp2Session> {
    const failures: string[] = []
    for (const _ of this.#options.endpoints) {
      const endpoint = this.#endpoint()
      try {
        const session = await this.#connect(endpoint)
        if (this.#closed) {
          session.destroy()
          throw new StoppedError("the store is closed")
        }
        this.#session = session
        this.#pingLater(session)
        this.#options.log.info("etcd: connected", { endpoint })
        return session
      } catch (error) {
        if (error instanceof StoppedError) throw error
        failures.push(`${endpoint}: ${(error as Error).message}`)
        this.#at++
      }
    }
    throw new NotLeaderError(`no endpoint of etcd answers: ${failures.join("; ")}`)
  }

  async #connect(endpoint: string): Promise<ClientHttp2Session> {
    const settings = { enablePush: false, initialWindowSize: windowSize }
    const session = connect(endpoint, { settings, ...(endpoint.startsWith("https:") && (await this.#material())) })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // After the first, an error is followed by the end of the session, of which every stream hears.
    session.on("error", reject)
    session.once("close", () => reject(new Error("it closed the connection")))
    session.once("remoteSettings", () => resolve())
    const timer = this.#options.clock.timer(connectTimeoutMs, () => {
      reject(new Error(`no answer within ${connectTimeoutMs / 1000} s`))
    })
    try {
      await promise
    } catch (error) {
      session.destroy()
      throw error
    } finally {
      timer.cancel()
    }
    session.setLocalWindowSize(windowSize)
    session.once("goaway", () => this.leave(session, "it is going away"))
    session.once("close", () => {
      if (!this.#closed) this.leave(session, "the connection was lost")
    })
    return session
  }

  async #material(): Promise<Record<string, Buffer>> {
    const { caFile, certFile, keyFile } = this.#options.tls
    const files = { ca: caFile, cert: certFile, key: keyFile }
    const read = Object.entries(files).map(async ([name, file]) => file && [name, await readFile(file)])
    return Object.fromEntries((await Promise.all(read)).filter((pair) => pair !== undefined && pair !== ""))
  }

  /** Watches wait for long: only asking shows that a connection without traffic is gone. */
  #pingLater(session: ClientHttp2Session): void {
    this.#ping?.cancel()
    this.#ping = this.#options.clock.timer(pingIntervalMs, () => {
      if (session !== this.#session || session.destroyed) return
      this.suspect(session)
      this.#pingLater(session)
    })
  }
}
