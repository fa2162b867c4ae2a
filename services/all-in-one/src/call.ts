import { Agent, request } from "node:http"

export interface CallOptions {
  /** Where the gateway is; loopback unless given. */
  readonly address?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

/** No pool: each call is a connection of its own, as a new client's would be. */
const agent = new Agent({ keepAlive: false })

/** One HTTP request to the gateway with the given Host. Rejects when there was no answer. */
export function call(port: number, host: string, options: CallOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: options.address ?? "127.0.0.1",
        port,
        agent,
        path: options.path ?? "/",
        method: options.method ?? (options.body === undefined ? "GET" : "POST"),
        headers: { host, ...options.headers },
        ...(options.signal && { signal: options.signal }),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.once("error", reject)
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        )
      },
    )
    sent.once("error", reject)
    sent.end(options.body)
  })
}
