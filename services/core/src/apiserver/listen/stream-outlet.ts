import { errorCode, type ServerStream } from "#http2"
import type { Sink } from "../push-response.ts"
import type { Outlet, Stalls } from "./outlet.ts"

/** The body of an answer on a stream of HTTP/2, whose head was given. */
export class StreamOutlet implements Sink, Outlet {
  readonly #stream: ServerStream
  readonly #stalls: Stalls
  #drained: (() => void)[] = []

  constructor(stream: ServerStream, stalls: Stalls) {
    this.#stream = stream
    this.#stalls = stalls
  }

  write(bytes: Uint8Array): boolean {
    const goesOn = this.#stream.write(bytes)
    if (!goesOn) this.#stalls.mind(this)
    return goesOn
  }

  onDrained(callback: () => void): void {
    this.#drained.push(callback)
  }

  /** All that was written has been taken. */
  drained(): void {
    const callbacks = this.#drained
    this.#drained = []
    for (const callback of callbacks) callback()
  }

  taken(): number {
    return this.#stream.written - this.#stream.unread
  }

  unread(): number {
    return this.#stream.unread
  }

  end(): void {
    this.#stream.end()
  }

  /** With an error of its stream nobody takes an answer for whole. */
  cut(): void {
    this.#stream.reset(errorCode.enhanceYourCalm)
  }
}
