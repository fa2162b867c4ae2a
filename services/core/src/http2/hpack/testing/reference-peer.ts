import { once } from "node:events"
import { type ClientHttp2Session, connect } from "node:http2"
import { type Duplex, duplexPair } from "node:stream"

const prefaceBytes = 24
const frameHeadBytes = 9
const headersFrame = 1
const settingsFrame = 4
const continuationFrame = 9
const endStream = 0x1
const endHeaders = 0x4
const prioritized = 0x20
const priorityBytes = 5
const tableSizeSetting = 1

/** A client of HTTP/2 that is not ours (Node's, which is nghttp2), on a connection of which the test is the other end. */
export class ReferencePeer {
  readonly #client: ClientHttp2Session
  readonly #wire: Duplex
  #received = Buffer.alloc(0)
  #isPast = false

  constructor(tableSize?: number) {
    const [near, far] = duplexPair()
    const settings = tableSize === undefined ? {} : { headerTableSize: tableSize }
    this.#client = connect("http://reference", { createConnection: () => near, settings })
    this.#client.on("error", () => {})
    this.#wire = far
    far.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes])
    })
  }

  /** What a request with these fields looks like, for each of the lists. */
  async blocksOf(lists: readonly (readonly string[])[], tableSize?: number): Promise<Buffer[]> {
    this.#send(settingsFrame, 0, 0, tableSize === undefined ? Buffer.alloc(0) : settingOf(tableSize))
    await this.#heardOf(settingsFrame)
    for (const list of lists) this.#client.request([...list], { endStream: true }).on("error", () => {})
    const blocks: Buffer[] = []
    while (blocks.length < lists.length) {
      const frame = await this.#frame()
      if (frame.type === headersFrame) blocks.push(frame.payload)
      if (frame.type === continuationFrame) blocks.push(Buffer.concat([blocks.pop() as Buffer, frame.payload]))
    }
    return blocks
  }

  /** What it reads in the blocks, each the head of an answer. */
  async readsOf(blocks: readonly Buffer[]): Promise<string[][]> {
    this.#send(settingsFrame, 0, 0, Buffer.alloc(0))
    const reads: string[][] = []
    for (const [at, block] of blocks.entries()) {
      const stream = this.#client.request({ ":path": "/" }, { endStream: true })
      const answered = once(stream, "response")
      await this.#heardOf(headersFrame)
      this.#send(headersFrame, endHeaders | endStream, 2 * at + 1, block)
      const [, , raw] = (await answered) as [unknown, unknown, string[]]
      reads.push(raw)
      stream.resume()
    }
    return reads
  }

  close(): void {
    this.#client.destroy()
    this.#wire.destroy()
  }

  #send(type: number, flags: number, stream: number, payload: Buffer): void {
    const head = Buffer.alloc(frameHeadBytes)
    head.writeUIntBE(payload.length, 0, 3)
    head[3] = type
    head[4] = flags
    head.writeUInt32BE(stream, 5)
    this.#wire.write(Buffer.concat([head, payload]))
  }

  async #heardOf(type: number): Promise<void> {
    while ((await this.#frame()).type !== type);
  }

  async #frame(): Promise<{ type: number; payload: Buffer }> {
    if (!this.#isPast) await this.#take(prefaceBytes)
    this.#isPast = true
    const head = await this.#take(frameHeadBytes)
    const payload = await this.#take(head.readUIntBE(0, 3))
    const isPrioritized = head[3] === headersFrame && ((head[4] as number) & prioritized) !== 0
    return { type: head[3] as number, payload: isPrioritized ? payload.subarray(priorityBytes) : payload }
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#received.length < bytes) await once(this.#wire, "data")
    const taken = this.#received.subarray(0, bytes)
    this.#received = this.#received.subarray(bytes)
    return taken
  }
}

function settingOf(tableSize: number): Buffer {
  const setting = Buffer.alloc(6)
  setting.writeUInt16BE(tableSizeSetting, 0)
  setting.writeUInt32BE(tableSize, 2)
  return setting
}
