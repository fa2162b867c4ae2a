import { createServer, type IncomingMessage, request, type Server } from "node:http"
import { Duplex } from "node:stream"
import type { Read } from "./reading.ts"

export interface NodeReading {
  messages: Read[]
  /** Why it stopped. */
  error: string | undefined
}

/** Reads requests with Node's own server, in its strict mode. */
export class NodeServer {
  readonly #server: Server
  #reading: NodeReading = { messages: [], error: undefined }

  constructor() {
    const take = (incoming: IncomingMessage): void => {
      const reading = this.#reading
      collect(incoming, [incoming.method ?? "", incoming.url ?? ""], (message) => reading.messages.push(message))
    }
    const strict = { insecureHTTPParser: false, requireHostHeader: false, maxHeaderSize: 65_536 }
    this.#server = createServer({ ...strict, connectionsCheckingInterval: 2 ** 30 }, take)
    this.#server.on("checkContinue", take)
    this.#server.on("checkExpectation", take)
    this.#server.on("clientError", (error: NodeJS.ErrnoException) => {
      this.#reading.error ??= error.code ?? error.message
    })
  }

  async read(bytes: Buffer): Promise<NodeReading> {
    const reading: NodeReading = { messages: [], error: undefined }
    this.#reading = reading
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(), allowHalfOpen: true })
    this.#server.emit("connection", socket)
    socket.push(bytes)
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    socket.destroy()
    await new Promise(setImmediate)
    return reading
  }
}

/** The answer to GET, as Node's own client reads it; undefined when it sees none that is whole. */
export function nodeAnswer(port: number): Promise<Read | undefined> {
  return new Promise((resolve) => {
    const sent = request({ port, host: "127.0.0.1", agent: false, insecureHTTPParser: false }, (incoming) => {
      const first = [incoming.statusCode ?? 0, incoming.statusMessage ?? ""]
      collect(incoming, first, resolve)
      incoming.on("close", () => resolve(undefined))
    })
    sent.on("upgrade", (_incoming, socket) => {
      socket.destroy()
      resolve(undefined)
    })
    sent.on("error", () => resolve(undefined))
    sent.on("close", () => setImmediate(() => resolve(undefined)))
    sent.end()
  })
}

function collect(incoming: IncomingMessage, first: (string | number)[], whole: (message: Read) => void): void {
  let body = ""
  incoming.on("data", (piece: Buffer) => {
    body += piece.toString("latin1")
  })
  incoming.on("error", () => {})
  incoming.on("end", () => {
    if (!incoming.complete) return
    const { rawHeaders, rawTrailers, httpVersionMinor } = incoming
    whole({ first: [...first, httpVersionMinor], fields: rawHeaders, body, trailers: rawTrailers })
  })
}
