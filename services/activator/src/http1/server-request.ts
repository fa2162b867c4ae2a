import type { IncomingHttpHeaders } from "node:http"
import type { Socket } from "node:net"
import { Readable } from "node:stream"
import { lowerCase } from "./field-names.ts"
import type { RequestLines } from "./head.ts"

/** A request as its client has sent it. Its names are those of Node's own, so that both can be handled alike. */
export class ServerRequest {
  readonly httpVersionMajor = 1
  readonly method: string
  url: string
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  readonly socket: Socket
  /** Undefined where none follows. */
  readonly body: RequestBodyStream | undefined

  constructor({ method, target, minor, fields }: RequestLines, socket: Socket, body: RequestBodyStream | undefined) {
    this.method = method
    this.url = target
    this.httpVersion = minor === 1 ? "1.1" : "1.0"
    this.rawHeaders = fields
    this.socket = socket
    this.body = body
  }

  /** By lower-cased name; made anew each time that it is asked for, which few requests are. */
  get headers(): IncomingHttpHeaders {
    const headers: Record<string, string> = Object.create(null)
    for (let i = 0; i < this.rawHeaders.length; i += 2) {
      const name = lowerCase(this.rawHeaders[i] as string)
      const value = this.rawHeaders[i + 1] as string
      const before = headers[name]
      headers[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`
    }
    return headers
  }
}

/** The bytes behind a request's head, as fast as somebody reads them. */
export class RequestBodyStream extends Readable {
  readonly #wanted: () => void

  /** `wanted`: there is room for more. */
  constructor(wanted: () => void) {
    super()
    this.#wanted = wanted
    // Who reads it is told of the connection's end by the answer, and may have stopped listening here.
    this.on("error", ignored)
  }

  override _read(): void {
    this.#wanted()
  }
}

function ignored(): void {
  // See above.
}
