import { LightHeaders } from "./light-headers.ts"

interface WholeInit {
  readonly status?: number
  readonly statusText?: string
  readonly headers?: Headers | Readonly<Record<string, string>>
}

/**
 * An answer whose body is there already, as its rim sends it: these bytes, as they are. To make one of the web's own costs
 * more than to send most of them, so what is seldom asked for (`body`, `clone`, `formData`…) is asked of one that is made
 * then.
 */
class WholeResponse {
  readonly whole: string | Uint8Array
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly type = "default"
  readonly url = ""
  readonly redirected = false
  #isUsed = false
  #real: Response | undefined

  constructor(body: string | Uint8Array, { status = 200, statusText = "", headers = {} }: WholeInit) {
    this.whole = body
    this.status = status
    this.statusText = statusText
    this.headers = LightHeaders.of(headers) as unknown as Headers
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#real?.bodyUsed ?? false)
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.#web.body
  }

  async text(): Promise<string> {
    const whole = this.#take()
    return typeof whole === "string" ? whole : decoder.decode(whole)
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const whole = this.#take()
    return typeof whole === "string" ? encoder.encode(whole) : new Uint8Array(whole)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer
  }

  blob(): Promise<Blob> {
    return this.#web.blob()
  }

  formData(): Promise<FormData> {
    return this.#web.formData()
  }

  clone(): Response {
    if (this.bodyUsed) throw new TypeError("an answer whose body was read is not cloned")
    return wholeResponse(this.whole, this)
  }

  #take(): string | Uint8Array {
    if (this.bodyUsed) throw new TypeError("the body of an answer is read once")
    this.#isUsed = true
    return this.whole
  }

  get #web(): Response {
    const { status, statusText, headers } = this
    const body = this.#isUsed ? null : (this.whole as Uint8Array<ArrayBuffer>)
    this.#real ??= new Response(body, { status, statusText, headers: new Headers(headers) })
    return this.#real
  }
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export function wholeResponse(body: string | Uint8Array, init: WholeInit): Response {
  return new WholeResponse(body, init) as unknown as Response
}

/** The body of an answer, if it is there as a whole. */
export function wholeBodyOf(response: Response): string | Uint8Array | undefined {
  return response instanceof WholeResponse ? response.whole : undefined
}
