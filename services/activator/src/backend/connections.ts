import { ClientConnection } from "../http1/client-connection.ts"

/** Idle connections kept per pod: beyond, they are closed as they come back. */
const idleMax = 256

/** A pod that does not take a connection within this is tried again elsewhere. */
export const connectTimeoutMs = 3000

/** How long a connection may idle; shorter than what common servers allow (Node 5 s), so that they do not race us. */
const keepAliveMs = 4000

/**
 * HTTP/1.1 connections to one pod, one request on each at a time. The most recently used is taken first, so that those
 * of a past peak fall idle and close.
 */
export class Connections {
  readonly #host: string
  readonly #port: number
  readonly #idle: ClientConnection[] = []
  #closed = false

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** A free connection, which the caller gives back with `release` or destroys. */
  take(): ClientConnection {
    return this.#idle.pop() ?? this.#open()
  }

  /** After a complete exchange: the connection can carry the next, if the pod keeps it open. */
  release(connection: ClientConnection): void {
    if (this.#closed || !connection.isReusable || this.#idle.length >= idleMax) connection.destroy()
    else this.#idle.push(connection)
  }

  /** Closes what idles; connections in use go when they are given back. */
  close(): void {
    this.#closed = true
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #open(): ClientConnection {
    const server = { host: this.#host, port: this.#port, connectTimeoutMs, keepAliveMs }
    return new ClientConnection(server, this.#forget)
  }

  readonly #forget = (connection: ClientConnection): void => {
    const place = this.#idle.indexOf(connection)
    if (place >= 0) this.#idle.splice(place, 1)
  }
}
