import { Readable } from "node:stream"
import type { Incoming } from "./http-call.ts"

/**
 * A client's body on its way to the pod, with back-pressure both ways. undici destroys the body it was given when the
 * application answers early; destroying the request itself would take the client's connection, and the answer, with it.
 */
export class RequestBody extends Readable {
  readonly #source: Incoming

  constructor(source: Incoming, counted: { requestBytes: number }) {
    super()
    this.#source = source
    // undici stops listening once it has its answer; an error after that interests nobody, but must be heard by somebody.
    this.on("error", ignored)
    source.on("data", (chunk: Buffer) => {
      counted.requestBytes += chunk.length
      if (!this.push(chunk)) source.pause()
    })
    source.on("end", () => this.push(null))
    source.on("error", (error) => this.destroy(error))
    source.on("aborted", () => this.destroy(new Error("the client broke off")))
    source.pause()
  }

  override _read(): void {
    this.#source.resume()
  }

  /** What is left of the body is read and dropped, so that the connection can carry the next request. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source.removeAllListeners("data")
    this.#source.resume()
    done(error)
  }
}

function ignored(): void {
  // Whoever reads the body has been told by `destroy` already.
}
