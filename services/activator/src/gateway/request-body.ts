import type { Readable } from "node:stream"
import type { ClientConnection } from "../http1/client-connection.ts"

/** A client's body on its way to the pod, with back-pressure both ways. Nothing of it is read before the head has left. */
export class RequestBody {
  readonly #source: Readable
  readonly #counted: { requestBytes: number }
  #connection: ClientConnection | undefined = undefined

  constructor(source: Readable, counted: { requestBytes: number }) {
    this.#source = source
    this.#counted = counted
  }

  sendOver(connection: ClientConnection): void {
    this.#connection = connection
    this.#source.on("data", this.#pass)
    this.#source.on("end", this.#end)
  }

  /** There is room for more. */
  goOn(): void {
    this.#source.resume()
  }

  /** What is left of the body is read and dropped, so that the client's connection can carry the next request. */
  drop(): void {
    this.#connection = undefined
    this.#source.off("data", this.#pass)
    this.#source.off("end", this.#end)
    this.#source.resume()
  }

  readonly #pass = (piece: Buffer): void => {
    this.#counted.requestBytes += piece.length
    if (this.#connection?.sendBody(piece) === false) this.#source.pause()
  }

  readonly #end = (): void => this.#connection?.endBody()
}
