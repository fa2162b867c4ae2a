import { Client, type ClientDuplexStream } from "@grpc/grpc-js"
import type { Clock, Timer } from "@wick/sdk/clock"
import {
  type ActivatorMessage,
  type AutoscalerMessage,
  autoscalerServerName,
  loadStream,
  type Peer,
} from "@wick/sdk/wire"
import type { AutoscalerAddresses } from "./autoscaler-addresses.ts"

/** Where there is one place only, its restart is waited for without asking it all the time. */
const reconnectMs = 50
/** A host that says nothing for so long is passed over: it is frozen, or the way to it is cut. */
const silentMsMax = 1_000
/** A lone autoscaler is on this host, or behind an address of a cluster: losing it without a word is rare. */
const keepAlive = { lone: { everyMs: 30_000, answerMsMax: 5_000 }, several: { everyMs: 1_000, answerMsMax: 1_000 } }

export interface AttemptEvents {
  heard(message: AutoscalerMessage): void
  /** Once, and nothing after it. */
  lost(why: string): void
}

/**
 * One stream to one place where the autoscaler may be. It has a connection of its own: what other attempts have learned
 * of the place, it may have been before the autoscaler came there.
 */
export class AutoscalerAttempt {
  readonly address: string
  readonly #client: Client
  readonly #stream: ClientDuplexStream<ActivatorMessage, AutoscalerMessage>
  readonly #events: AttemptEvents
  #silence: Timer | undefined
  #ended = false

  constructor(given: {
    readonly address: string
    readonly addresses: AutoscalerAddresses
    /** Others are tried beside this one. */
    readonly several: boolean
    readonly self: Peer
    readonly clock: Clock
    readonly events: AttemptEvents
  }) {
    const { address, addresses, several, self, clock, events } = given
    this.address = address
    this.#events = events
    const alive = several ? keepAlive.several : keepAlive.lone
    this.#client = new Client(address, addresses.credentials(address), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_http_proxy": 0,
      "grpc.initial_reconnect_backoff_ms": reconnectMs,
      "grpc.keepalive_time_ms": alive.everyMs,
      "grpc.keepalive_timeout_ms": alive.answerMsMax,
      ...(address.startsWith("unix:") ? {} : { "grpc.ssl_target_name_override": autoscalerServerName }),
    })
    const { path, requestSerialize, responseDeserialize } = loadStream
    this.#stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    this.#stream.on("data", (message: AutoscalerMessage) => {
      this.#silence?.cancel()
      if (!this.#ended) events.heard(message)
    })
    this.#stream.on("error", (error) => this.#lose(error.message))
    this.#stream.on("end", () => this.#lose("the autoscaler closed the stream"))
    this.#stream.write({ type: "hello", self })
    if (!several) return
    this.#silence = clock.timer(silentMsMax, () => this.#lose(`${address} said nothing for ${silentMsMax} ms`))
  }

  send(message: ActivatorMessage): void {
    if (!this.#ended) this.#stream.write(message)
  }

  /** Tells of no loss. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#silence?.cancel()
    this.#stream.cancel()
    this.#client.close()
  }

  #lose(why: string): void {
    if (this.#ended) return
    this.end()
    this.#events.lost(why)
  }
}
