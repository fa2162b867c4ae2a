import type { TLSSocket } from "node:tls"
import { type Frame, type FrameKind, FrameReader, frameOf } from "./frame.ts"
import { callSizeMax, frameSizeMax } from "./limits.ts"

/** The connection to a peer is no more; what was sent on it may have arrived or not. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError"
}

/** One connection as frames, both ways. Whoever opened it keeps it alive by pings, see `keepAlive`. */
export class Connection {
  readonly #socket: TLSSocket
  readonly #closed: ((error: ConnectionLostError) => void)[] = []
  #lost: ConnectionLostError | undefined
  #onFrame: (frame: Frame) => void
  #given = 0

  /** The socket's handshake is done. Frames come to `onFrame`, which may throw: then the connection is closed. */
  constructor(socket: TLSSocket, onFrame: (frame: Frame) => void) {
    this.#socket = socket
    this.#onFrame = onFrame
    const reader = new FrameReader(Math.max(frameSizeMax, callSizeMax))
    socket.setNoDelay(true)
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) {
          if (this.#lost !== undefined) return
          this.#onFrame(frame)
        }
      } catch (error) {
        this.close(error as Error)
      }
    })
    socket.on("error", (error) => this.close(error))
    socket.on("close", () => this.close(new Error("the other side has closed it")))
  }

  get lost(): ConnectionLostError | undefined {
    return this.#lost
  }

  /** Bytes that were given but have not left this process. */
  get queued(): number {
    return this.#socket.writableLength
  }

  /** Bytes that have left this process. */
  get left(): number {
    return this.#given - this.queued
  }

  /** From now on frames go there. */
  handTo(onFrame: (frame: Frame) => void): void {
    this.#onFrame = onFrame
  }

  send(kind: FrameKind, payload: Uint8Array): void {
    this.sendFrame(frameOf(kind, payload))
  }

  sendFrame(frame: Buffer): void {
    if (this.#lost !== undefined) return
    this.#given += frame.length
    this.#socket.write(frame)
  }

  /** Nothing for so long closes it. */
  expectWithin(quietMs: number): void {
    this.#socket.setTimeout(quietMs, () => this.close(new Error(`nothing came for ${quietMs} ms`)))
  }

  /** Calls back once, at once if it is lost already. */
  onLost(callback: (error: ConnectionLostError) => void): void {
    if (this.#lost === undefined) this.#closed.push(callback)
    else callback(this.#lost)
  }

  /** Says a last thing, then closes. */
  end(kind: FrameKind, payload: Uint8Array, error: Error): void {
    if (this.#lost !== undefined) return
    this.#socket.end(frameOf(kind, payload), () => this.close(error))
  }

  close(reason: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = new ConnectionLostError(`connection lost: ${reason.message}`, { cause: reason })
    this.#socket.destroy()
    for (const callback of this.#closed) callback(this.#lost)
  }
}
