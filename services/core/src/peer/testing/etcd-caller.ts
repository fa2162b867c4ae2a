import { type ClientHttp2Session, connect } from "node:http2"
import { frame } from "#etcd-wire"

/** Calls of etcd's API over one connection: one attempt each, no TLS. */
export class EtcdCaller implements AsyncDisposable {
  readonly #session: ClientHttp2Session

  constructor(url: string) {
    this.#session = connect(url)
    this.#session.on("error", () => {}) // the calls hear of it
  }

  /** `method` as `KV/Put`. */
  call(method: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const head = {
        ":method": "POST",
        ":path": `/etcdserverpb.${method}`,
        "content-type": "application/grpc",
        te: "trailers",
      }
      const stream = this.#session.request(head)
      const chunks: Buffer[] = []
      let status: unknown
      const told = (headers: { "grpc-status"?: unknown; "grpc-message"?: unknown }): void => {
        status = headers["grpc-status"] === "0" ? "0" : (headers["grpc-message"] ?? status)
      }
      stream.on("response", told)
      stream.on("trailers", told)
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("error", reject)
      stream.on("close", () => {
        if (status === "0") resolve(Buffer.concat(chunks).subarray(5))
        else reject(new Error(`${method}: ${String(status ?? "no answer")}`))
      })
      stream.end(frame(request))
    })
  }

  close(): void {
    this.#session.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}
