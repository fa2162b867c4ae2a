import { LightHeaders } from "./light-headers.ts"

/** What a request is made of. */
export interface RequestParts {
  readonly method: string
  readonly url: string
  /** Name, value, name, value…, names in lower case; pseudo-headers are passed over. */
  readonly headers: readonly string[]
  /** All of it. */
  readonly body: Buffer | string
  /** Tells that nobody waits for the answer any more; absent where `abort` does. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A request as a handler sees it, whose body is there. To make one of the web's own costs more than to answer most of them:
 * headers are looked up where they lie, a signal is made when somebody asks for it, and what is seldom asked for (`body`,
 * `clone`, `formData`…) is asked of one that is made then.
 */
export class LightRequest {
  readonly method: string
  readonly url: string
  readonly #list: readonly string[]
  readonly #body: Buffer | string
  readonly #given: AbortSignal | undefined
  #headers: LightHeaders | undefined
  #signal: AbortSignal | undefined
  #abort: AbortController | undefined
  #reason: Error | undefined
  #whole: Request | undefined
  #isUsed = false

  constructor({ method, url, headers, body, signal }: RequestParts) {
    this.method = method
    this.url = url
    this.#list = headers
    this.#body = body
    this.#given = signal
  }

  get headers(): Headers {
    this.#headers ??= new LightHeaders(this.#list)
    return this.#headers as unknown as Headers
  }

  get signal(): AbortSignal {
    // One of its own: what is left at it goes with the request, however long the given one lasts.
    this.#signal ??= this.#given ? AbortSignal.any([this.#given]) : this.#ownSignal()
    return this.#signal
  }

  #ownSignal(): AbortSignal {
    this.#abort = new AbortController()
    if (this.#reason) this.#abort.abort(this.#reason)
    return this.#abort.signal
  }

  /** Nobody waits for the answer any more. */
  abort(reason: Error): void {
    this.#reason ??= reason
    this.#abort?.abort(this.#reason)
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#whole?.bodyUsed ?? false)
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#real.body
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const body = this.#take()
    const { buffer, byteOffset, byteLength } = typeof body === "string" ? Buffer.from(body) : body
    return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.arrayBuffer())
  }

  async text(): Promise<string> {
    const body = this.#take()
    return typeof body === "string" ? body : new TextDecoder().decode(body)
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  blob(): Promise<Blob> {
    return this.#real.blob()
  }

  formData(): Promise<FormData> {
    return this.#real.formData()
  }

  clone(): Request {
    if (this.bodyUsed) throw new TypeError("a request whose body was read is not cloned")
    const parts = { method: this.method, url: this.url, headers: this.#list, body: this.#body, signal: this.#given }
    return new LightRequest(parts) as unknown as Request
  }

  #take(): Buffer | string {
    if (this.bodyUsed) throw new TypeError("the body of a request is read once")
    this.#isUsed = true
    return this.#body
  }

  get #real(): Request {
    if (this.#whole) return this.#whole
    const { method, url, signal } = this
    const hasBody = method !== "GET" && method !== "HEAD" && !this.#isUsed
    const body = hasBody ? { body: this.#body as string | Uint8Array<ArrayBuffer> } : {}
    this.#whole = new Request(url, { method, headers: new Headers(this.headers), signal, ...body })
    return this.#whole
  }
}

/** As a client in this very process makes requests: their bodies are texts that nobody encodes, and decodes again. */
export function lightRequest(url: string, init: RequestInit): Request {
  const { method = "GET", headers = {}, body = "", signal } = init
  if (typeof body !== "string") return new Request(url, init)
  const named = headers instanceof Headers ? [...headers] : Object.entries(headers as Record<string, string>)
  const list = named.flatMap(([name, value]) => [name.toLowerCase(), value])
  return new LightRequest({ method, url, headers: list, body, signal: signal ?? undefined }) as unknown as Request
}
