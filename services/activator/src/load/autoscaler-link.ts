import { Client, type ClientDuplexStream } from "@grpc/grpc-js"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import {
  type ActivatorMessage,
  type AutoscalerMessage,
  autoscalerServerName,
  loadStream,
  type Peer,
} from "@wick/sdk/wire"
import type { AutoscalerAddresses } from "./autoscaler-addresses.ts"

const backoffMsMin = 50
const backoffMsMax = 3000
/** Where the autoscaler may be on one of several hosts, it is looked for quickly: those without one refuse at once. */
const roundMsMax = 250
/** A host that says nothing for so long is passed over: it is frozen, or the way to it is cut. */
const silentMsMax = 1000

export interface LinkEvents {
  connected(): void
  disconnected(): void
  peers(peers: readonly Peer[]): void
}

/**
 * The stream to the autoscaler, opened anew for as long as the activator lives. It counts as open with the first
 * message from the other side, so that nothing is told to a port that nobody serves. Where there are several addresses
 * only the one of the leader listens: they are tried in turn.
 */
export class AutoscalerLink implements Disposable {
  readonly #addresses: AutoscalerAddresses
  readonly #self: Peer
  readonly #clock: Clock
  readonly #log: Log
  readonly #events: LinkEvents
  #client: Client | undefined
  #stream: ClientDuplexStream<ActivatorMessage, AutoscalerMessage> | undefined
  #open = false
  #failures = 0
  #attempts = 0
  #retry: Timer | undefined
  #silence: Timer | undefined
  #closed = false

  constructor(given: { addresses: AutoscalerAddresses; self: Peer; clock: Clock; log: Log; events: LinkEvents }) {
    this.#self = given.self
    this.#clock = given.clock
    this.#log = given.log
    this.#events = given.events
    this.#addresses = given.addresses
    this.#connect()
  }

  send(message: ActivatorMessage): void {
    if (this.#open) this.#stream?.write(message)
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#silence?.cancel()
    this.#stream?.cancel()
    this.#client?.close()
  }

  #connect(): void {
    const { path, requestSerialize, responseDeserialize } = loadStream
    const all = this.#addresses.list()
    const several = all.length > 1
    const address = all[this.#attempts++ % Math.max(1, all.length)] ?? ""
    this.#client?.close()
    this.#client = new Client(address, this.#addresses.credentials(address), {
      "grpc.initial_reconnect_backoff_ms": backoffMsMin,
      "grpc.max_reconnect_backoff_ms": several ? roundMsMax : backoffMsMax,
      // Notices an autoscaler whose host went away without a word.
      "grpc.keepalive_time_ms": several ? silentMsMax : 30_000,
      "grpc.keepalive_timeout_ms": several ? silentMsMax : 5000,
      ...(address.startsWith("unix:") ? {} : { "grpc.ssl_target_name_override": autoscalerServerName }),
    })
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    this.#stream = stream
    stream.on("data", (message: AutoscalerMessage) => this.#received(message))
    stream.on("error", (error) => this.#lost(stream, error.message))
    stream.on("end", () => this.#lost(stream, "the autoscaler closed the stream"))
    stream.write({ type: "hello", self: this.#self })
    if (!several) return
    this.#silence = this.#clock.timer(silentMsMax, () => {
      stream.cancel()
      this.#lost(stream, `${address} said nothing for ${silentMsMax} ms`)
    })
  }

  #received(message: AutoscalerMessage): void {
    this.#silence?.cancel()
    if (!this.#open) {
      this.#open = true
      this.#failures = 0
      // After a loss the same one is tried first: it may only have been restarted.
      this.#attempts--
      this.#events.connected()
    }
    this.#events.peers(message.peers)
  }

  #lost(stream: ClientDuplexStream<ActivatorMessage, AutoscalerMessage>, why: string): void {
    if (this.#closed || this.#stream !== stream) return
    this.#stream = undefined
    this.#silence?.cancel()
    // One line per trouble: the attempts that follow it say nothing new.
    if (this.#open || this.#failures === 0) this.#log.warn("no stream to the autoscaler; trying again", { why })
    if (this.#open) this.#events.disconnected()
    this.#open = false
    const several = this.#addresses.list().length > 1
    const waitMs = Math.min(backoffMsMin * 2 ** this.#failures++, several ? roundMsMax : backoffMsMax)
    this.#retry = this.#clock.timer(waitMs, () => this.#connect())
  }
}
