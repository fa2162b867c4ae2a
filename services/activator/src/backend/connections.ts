import { hostPort } from "@wick/sdk/host-port"
import type { Dispatcher } from "undici"
import Client from "undici/lib/dispatcher/client.js"

/** Idle connections kept per pod: beyond, they are closed as they come back. */
const idleMax = 256

/** A pod that does not take a connection within this is tried again elsewhere. */
export const connectTimeoutMs = 3000

/** How long a connection may idle; shorter than what common servers allow (Node 5 s), so that they do not race us. */
const keepAliveMs = 4000

/** One connection, opened by its first request. */
class PodClient extends Client {
  /** Whether a whole exchange has gone over it: the pod may close it at any moment, even with a request on its way. */
  hasCarried = false
}

export type { PodClient }

/**
 * HTTP/1.1 connections to one pod, one request on each at a time. The most recently used is taken first, so that those
 * of a past peak fall idle and close.
 */
export class Connections {
  readonly #origin: string
  readonly #idle: PodClient[] = []
  readonly #all = new Set<PodClient>()
  #closed = false

  constructor(address: string, port: number) {
    this.#origin = `http://${hostPort(address, port)}`
  }

  /** Sends on a free connection, which the caller gives back with `release` or `discard`. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): PodClient {
    const client = this.#idle.pop() ?? this.#open()
    client.dispatch(options, handler)
    return client
  }

  /** After a complete exchange: the connection can carry the next. */
  release(client: PodClient): void {
    client.hasCarried = true
    if (this.#closed || this.#idle.length >= idleMax) this.discard(client)
    else this.#idle.push(client)
  }

  /** After anything else: the connection is not trusted again. */
  discard(client: PodClient): void {
    this.#all.delete(client)
    client.destroy().catch(ignored)
  }

  /** Closes what idles; connections in use go when they are given back. */
  close(): void {
    this.#closed = true
    for (const client of this.#idle.splice(0)) this.discard(client)
  }

  #open(): PodClient {
    const client = new PodClient(this.#origin, {
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      // The revision's own limits of time hold, set by the gateway.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectTimeoutMs, keepAlive: false },
    })
    this.#all.add(client)
    return client
  }
}

function ignored(): void {
  // Whatever ends badly on a connection that nobody uses any more is of no interest to anyone.
}
