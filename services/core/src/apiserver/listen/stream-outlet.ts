import { errorCode, type ServerStream } from "#http2"
import type { Sink } from "../push-response.ts"

/** The body of an answer on a stream of HTTP/2, whose head was given. */
export class StreamOutlet implements Sink {
  readonly #stream: ServerStream
  #drained: (() => void)[] = []

  constructor(stream: ServerStream) {
    this.#stream = stream
  }

  write(bytes: Uint8Array): boolean {
    return this.#stream.write(bytes)
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
