import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import type { Mender } from "./opening.ts"

/** A connection whose client's bytes pass through a mender. */
export class MendedSocket extends Duplex {
  readonly #socket: Socket

  constructor(socket: Socket, first: Buffer, mender: Mender) {
    super()
    this.#socket = socket
    this.push(first)
    socket.on("data", (chunk: Buffer) => {
      for (const piece of mender.push(chunk)) if (!this.push(piece)) socket.pause()
    })
    socket.on("end", () => this.push(null))
    socket.on("error", (error) => this.destroy(error))
    socket.on("close", () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
