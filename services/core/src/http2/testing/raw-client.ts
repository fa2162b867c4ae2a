import { Duplex } from "node:stream"
import { SimulatedClock } from "@wick/sdk/clock"
import { type Connection, type ConnectionOptions, serveConnection } from "../connection.ts"
import { preface } from "../frame.ts"
import type { ServerStream } from "../server-stream.ts"
import { settings, settingsTaken, Transcript } from "./frames.ts"

/** The server's end of a connection that is nowhere but here. */
class TestSocket extends Duplex {
  /** Writes of the server, each as it came. */
  writes: Buffer[] = []
  /** Takes nothing more, as a socket whose client does not read. */
  isStuck = false
  #waiting: (() => void) | undefined

  constructor() {
    super({ writableHighWaterMark: 1_000 })
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.writes.push(Buffer.from(chunk))
    if (this.isStuck) this.#waiting = done
    else done()
  }

  goOn(): void {
    this.isStuck = false
    const go = this.#waiting
    this.#waiting = undefined
    go?.()
  }
}

/** A client that sends what it likes, and keeps a transcript of what it is told. */
export class RawClient {
  readonly socket = new TestSocket()
  readonly clock = new SimulatedClock()
  readonly connection: Connection
  readonly streams: ServerStream[] = []
  /** Why it was hung up on; "" for no mistake of its own. */
  ended: string | undefined
  readonly #transcript = new Transcript()

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.connection = serveConnection(this.socket, {
      clock: this.clock,
      onClose: (fault) => {
        this.ended = fault?.message ?? ""
      },
      ...options,
      onStream: (stream) => {
        this.streams.push(stream)
        options.onStream?.(stream)
      },
    })
  }

  /** One that has greeted and was greeted, with such settings. */
  static async open(options: Partial<ConnectionOptions> = {}, ...pairs: [number, number][]): Promise<RawClient> {
    const client = new RawClient(options)
    await client.send(preface, settings(...pairs), settingsTaken)
    return client
  }

  /** Sends all of it as one piece; what is said then. */
  send(...frames: Buffer[]): Promise<string[]> {
    this.socket.push(Buffer.concat(frames))
    return this.told()
  }

  /** What is said in this turn. */
  async told(): Promise<string[]> {
    // What is pushed is heard at the next tick, and what is said leaves at the end of that turn.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    const writes = this.socket.writes
    this.socket.writes = []
    return this.#transcript.read(Buffer.concat(writes))
  }

  stream(at = 0): ServerStream {
    const stream = this.streams[at]
    if (stream === undefined) throw new Error(`there is no stream ${at}`)
    return stream
  }
}
