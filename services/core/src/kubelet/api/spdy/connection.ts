import { Duplex } from "node:stream"
import { dataFrame, type Frame, FrameReader, goodbyeFrame, refusalFrame, replyFrame, SpdyError } from "./frames.ts"
import { HeaderReader, HeaderWriter } from "./headers.ts"

/** Connections of a port-forward take two each, for as long as they are open. */
const streamsMax = 2_000
/** What nobody has read of a stream yet; beyond it the client waits, with all its streams. */
const unreadBytesMax = 1024 * 1024

/**
 * The server's side of a SPDY/3.1 connection, on a socket that was upgraded: clients open streams, whose bytes go both
 * ways. Windows are not kept: the clients that still speak SPDY never open theirs, so whoever waited for that would wait
 * for ever. A socket that is full holds its writers up, and a reader that is behind the whole socket.
 */
export class SpdyConnection {
  readonly #socket: Duplex
  readonly #onStream: (stream: SpdyStream) => void
  readonly #frames = new FrameReader()
  readonly #headers = new HeaderReader()
  readonly #answers = new HeaderWriter()
  readonly #streams = new Map<number, SpdyStream>()
  #newest = 0
  #behind = 0

  /** `head` was read with the request already. */
  constructor(socket: Duplex, head: Buffer, onStream: (stream: SpdyStream) => void) {
    this.#socket = socket
    this.#onStream = onStream
    socket.on("data", (chunk: Buffer) => this.#receive(chunk))
    socket.on("close", () => {
      for (const stream of this.#streams.values()) stream.destroy()
    })
    // As in HTTP, a client that says nothing more has gone.
    socket.on("end", () => socket.destroy())
    if (head.length > 0) this.#receive(head)
  }

  /** Says that there will be nothing new, and ends when all is on its way. */
  close(): void {
    if (!this.#socket.writable) return
    this.#socket.end(goodbyeFrame(this.#newest))
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.read(chunk)) this.#handle(frame)
    } catch (error) {
      if (!(error instanceof SpdyError)) throw error
      this.#socket.destroy(error)
    }
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      case "open":
        this.#open(frame)
        return
      case "data": {
        const stream = this.#streams.get(frame.stream)
        if (frame.bytes.length > 0) stream?.receive(frame.bytes)
        if (frame.last) stream?.receive(null)
        return
      }
      case "reset":
        this.#streams.get(frame.stream)?.destroy()
        return
      case "ping":
        // One of ours would have an even number, and we send none.
        if (frame.id % 2 === 1) this.#socket.write(frame.frame)
        return
      case "other":
        return
    }
  }

  #open({ stream: id, last, headers: packed }: Extract<Frame, { kind: "open" }>): void {
    if (id % 2 === 0 || id <= this.#newest) throw new SpdyError(`${id} is no number for a client's next stream`)
    this.#newest = id
    // Of a stream that is refused too: the next headers are packed with what these say.
    const headers = this.#headers.read(packed)
    if (this.#streams.size >= streamsMax) {
      this.#socket.write(refusalFrame(id))
      return
    }
    const stream = new SpdyStream(headers, {
      send: (bytes, end, done) => {
        if (this.#socket.writable) this.#socket.write(dataFrame(id, bytes, end), () => done())
        else done()
      },
      behind: (is) => this.#holdUp(is),
      closed: (whole) => {
        this.#streams.delete(id)
        if (!whole && this.#socket.writable) this.#socket.write(refusalFrame(id))
      },
    })
    this.#streams.set(id, stream)
    this.#socket.write(replyFrame(id, this.#answers.none()))
    if (last) stream.receive(null)
    this.#onStream(stream)
  }

  #holdUp(is: boolean): void {
    this.#behind += is ? 1 : -1
    if (this.#behind > 0) this.#socket.pause()
    else this.#socket.resume()
  }
}

/** What a stream needs of its connection. */
interface Wire {
  send(bytes: Uint8Array, last: boolean, done: () => void): void
  /** Told when it has more than it may that nobody has read, and when that is over. */
  behind(is: boolean): void
  /** `whole`: both sides have said all that they had to say. */
  closed(whole: boolean): void
}

const nothing = Buffer.alloc(0)

/** A stream that a client has opened. */
export class SpdyStream extends Duplex {
  readonly headers: ReadonlyMap<string, string>
  readonly #wire: Wire
  #behind = false

  constructor(headers: ReadonlyMap<string, string>, wire: Wire) {
    super({ readableHighWaterMark: unreadBytesMax })
    this.headers = headers
    this.#wire = wire
    // Whoever uses it hears of its end by "close".
    this.on("error", () => {})
  }

  /** Bytes of the client; null: there are no more. */
  receive(bytes: Buffer | null): void {
    if (!this.destroyed && !this.readableEnded && !this.push(bytes) && bytes !== null) this.#setBehind(true)
  }

  override _read(): void {
    this.#setBehind(false)
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#wire.send(chunk, false, done)
  }

  override _final(done: () => void): void {
    this.#wire.send(nothing, true, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#setBehind(false)
    this.#wire.closed(this.writableFinished)
    done(error)
  }

  #setBehind(is: boolean): void {
    if (this.#behind === is) return
    this.#behind = is
    this.#wire.behind(is)
  }
}
