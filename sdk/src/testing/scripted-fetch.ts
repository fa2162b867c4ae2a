import type { Fetch } from "../client/client.ts"

/** One request as a test sees it. */
export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Headers
  readonly body: unknown
  readonly signal: AbortSignal
}

/** A `fetch` whose answers a test writes: the wire, with its slowness and its losses, without a server. */
export function scriptedFetch(answer: (request: SeenRequest) => Response | Promise<Response>): {
  fetch: Fetch
  requests: SeenRequest[]
} {
  const requests: SeenRequest[] = []
  const fetch: Fetch = async (request) => {
    const { pathname, search } = new URL(request.url)
    const text = await request.text()
    const seen: SeenRequest = {
      method: request.method,
      path: pathname + search,
      headers: request.headers,
      body: text === "" ? undefined : JSON.parse(text),
      signal: request.signal,
    }
    requests.push(seen)
    return answer(seen)
  }
  return { fetch, requests }
}

/** The body of a watch, fed by the test. */
export class ScriptedWatch {
  readonly response: Response
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  /** The reader has let go. */
  cancelled = false

  constructor() {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller
      },
      cancel: () => {
        this.cancelled = true
      },
    })
    this.response = new Response(body, { headers: { "content-type": "application/json" } })
  }

  send(...events: { type: string; object: unknown }[]): void {
    this.sendText(events.map((event) => `${JSON.stringify(event)}\n`).join(""))
  }

  sendText(text: string): void {
    this.sendBytes(new TextEncoder().encode(text))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes)
  }

  end(): void {
    this.#controller?.close()
  }

  fail(error: Error): void {
    this.#controller?.error(error)
  }
}

/** What is runnable now has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
