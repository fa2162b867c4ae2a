import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type ActivatorMessage, type AutoscalerMessage, loadStream, type Peer } from "@wick/sdk/wire"

const backoffMsMin = 50
const backoffMsMax = 3000

export interface LinkEvents {
  connected(): void
  disconnected(): void
  peers(peers: readonly Peer[]): void
}

/**
 * The stream to the autoscaler, opened anew for as long as the activator lives. It counts as open with the first
 * message from the other side, so that nothing is told to a port that nobody serves.
 */
export class AutoscalerLink implements Disposable {
  readonly #client: Client
  readonly #self: Peer
  readonly #clock: Clock
  readonly #log: Log
  readonly #events: LinkEvents
  #stream: ClientDuplexStream<ActivatorMessage, AutoscalerMessage> | undefined
  #open = false
  #failures = 0
  #retry: Timer | undefined
  #closed = false

  constructor(given: { address: string; self: Peer; clock: Clock; log: Log; events: LinkEvents }) {
    this.#self = given.self
    this.#clock = given.clock
    this.#log = given.log
    this.#events = given.events
    this.#client = new Client(given.address, credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": backoffMsMin,
      "grpc.max_reconnect_backoff_ms": backoffMsMax,
      // Notices an autoscaler whose host went away without a word.
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 5000,
    })
    this.#connect()
  }

  send(message: ActivatorMessage): void {
    if (this.#open) this.#stream?.write(message)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#stream?.cancel()
    this.#client.close()
  }

  #connect(): void {
    const { path, requestSerialize, responseDeserialize } = loadStream
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    this.#stream = stream
    stream.on("data", (message: AutoscalerMessage) => this.#received(message))
    stream.on("error", (error) => this.#lost(stream, error.message))
    stream.on("end", () => this.#lost(stream, "the autoscaler closed the stream"))
    stream.write({ type: "hello", self: this.#self })
  }

  #received(message: AutoscalerMessage): void {
    if (!this.#open) {
      this.#open = true
      this.#failures = 0
      this.#events.connected()
    }
    this.#events.peers(message.peers)
  }

  #lost(stream: ClientDuplexStream<ActivatorMessage, AutoscalerMessage>, why: string): void {
    if (this.#closed || this.#stream !== stream) return
    this.#stream = undefined
    // One line per trouble: the attempts that follow it say nothing new.
    if (this.#open || this.#failures === 0) this.#log.warn("no stream to the autoscaler; trying again", { why })
    if (this.#open) this.#events.disconnected()
    this.#open = false
    const waitMs = Math.min(backoffMsMin * 2 ** this.#failures++, backoffMsMax)
    this.#retry = this.#clock.timer(waitMs, () => this.#connect())
  }
}
