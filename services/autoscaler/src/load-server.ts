import { rmSync } from "node:fs"
import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js"
import type { Log } from "@wick/sdk/log"
import {
  type ActivatorMessage,
  type AutoscalerMessage,
  loadStream,
  type Peer,
  type RevisionHistory,
  type RevisionLoad,
} from "@wick/sdk/wire"

/** What activators say, in the order in which they say it. */
export interface LoadListener {
  connected(activator: string): void
  history(activator: string, revisions: readonly RevisionHistory[]): void
  load(activator: string, intervalMs: number, revisions: readonly RevisionLoad[]): void
  poke(activator: string, namespace: string, name: string, cause?: string): void
  disconnected(activator: string): void
}

/** How activators of other hosts are known. */
export interface LoadSecurity {
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Of certificates of clients. */
  readonly authorityPem: string
  /** Name in an activator's certificate. */
  readonly activatorName: string
}

function secured({ certificatePem, privateKeyPem, authorityPem }: LoadSecurity): ServerCredentials {
  const pair = { cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(privateKeyPem) }
  return ServerCredentials.createSsl(Buffer.from(authorityPem), [pair], true)
}

type LoadStream = ServerDuplexStream<ActivatorMessage, AutoscalerMessage>

/**
 * The gRPC server that activators stream their load to. Tells them of each other. It takes streams from the moment at
 * which it listens and reads them from `begin` on: while the autoscaler looks up what there is to scale, activators make
 * their connections, and what they say then is not lost on it.
 */
export class LoadServer implements AsyncDisposable {
  readonly #server = new Server({
    // An activator whose host went away without a word.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 5000,
  })
  readonly #listener: LoadListener
  readonly #log: Log
  readonly #streams = new Map<LoadStream, Peer>()
  #activatorName: string | undefined
  /** Streams that came before the beginning; undefined after it. */
  #early: LoadStream[] | undefined = []

  constructor(listener: LoadListener, log: Log) {
    this.#listener = listener
    this.#log = log
    this.#server.addService({ stream: loadStream }, { stream: (stream: LoadStream) => this.#serve(stream) })
  }

  /** `unix:/path` or `host:port`; gives the port. */
  async listen(address: string, security?: LoadSecurity): Promise<number> {
    // A socket's file outlives a process that was killed, and would refuse its successor.
    if (address.startsWith("unix:")) rmSync(address.slice("unix:".length), { force: true })
    if (security) this.#activatorName = security.activatorName
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(
        address,
        security ? secured(security) : ServerCredentials.createInsecure(),
        (error, port) => {
          if (error) reject(new Error(`cannot listen for activators on ${address}: ${error.message}`))
          else resolve(port)
        },
      )
    })
  }

  /** Streams that are there and not read yet. */
  get waiting(): number {
    return this.#early?.filter(({ cancelled }) => !cancelled).length ?? 0
  }

  /** Reads the streams that are there, and from now on each at once. */
  begin(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const stream of early) if (!stream.cancelled) this.#read(stream)
  }

  /** To all that are connected. */
  tell(message: AutoscalerMessage): void {
    for (const stream of this.#streams.keys()) stream.write(message)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown()
  }

  #serve(stream: LoadStream): void {
    if (!this.#mayTell(stream)) {
      stream.emit("error", { code: status.PERMISSION_DENIED, details: "the certificate is no activator's" })
      return
    }
    stream.on("error", () => this.#ended(stream))
    stream.on("end", () => {
      this.#ended(stream)
      stream.end()
    })
    if (this.#early === undefined) this.#read(stream)
    else this.#early.push(stream)
  }

  #read(stream: LoadStream): void {
    stream.on("data", (message: ActivatorMessage) => this.#received(stream, message))
  }

  /** Of this host's socket nobody but its owner has the file; over the network an activator shows its certificate. */
  #mayTell(stream: LoadStream): boolean {
    const certificate = stream.getAuthContext().sslPeerCertificate
    return certificate === undefined || certificate.subject?.CN === this.#activatorName
  }

  #received(stream: LoadStream, message: ActivatorMessage): void {
    const known = this.#streams.get(stream)
    if (message.type === "hello") {
      // What it had in flight on a stream that has not been found dead yet it tells again, if it is there still.
      const isBack = [...this.#streams.values()].some(({ id }) => id === message.self.id)
      this.#streams.set(stream, message.self)
      if (isBack) this.#listener.disconnected(message.self.id)
      this.#log.info("activator connected", { activator: message.self.id })
      this.#listener.connected(message.self.id)
      this.#tellPeers()
    } else if (known !== undefined) {
      if (message.type === "poke") this.#listener.poke(known.id, message.namespace, message.name, message.cause)
      else if (message.type === "history") this.#listener.history(known.id, message.revisions)
      else this.#listener.load(known.id, message.intervalMs, message.revisions)
    }
  }

  #ended(stream: LoadStream): void {
    const known = this.#streams.get(stream)
    if (!this.#streams.delete(stream) || known === undefined) return
    this.#log.info("activator disconnected", { activator: known.id })
    // It may have come back on a new stream before the old one was found dead.
    if ([...this.#streams.values()].some(({ id }) => id === known.id)) return
    this.#listener.disconnected(known.id)
    this.#tellPeers()
  }

  #tellPeers(): void {
    this.tell({ type: "peers", peers: [...this.#streams.values()] })
  }
}
