import type { IncomingMessage } from "node:http"

/** State of a request, kept beside it so that the object itself looks like any `Request`. */
const states = new WeakMap<object, State>()

interface State {
  readonly incoming: IncomingMessage
  readonly signal: () => AbortSignal
  url?: string
  headers?: Headers
  whole?: Request
}

/**
 * A `Request` that costs nothing until it is looked at: method and URL come straight from Node's message, headers are
 * built when they are asked for, and only who reads the body, clones or asks for something rare pays for a whole
 * `Request` (some 15 µs). `signal` aborts when the client leaves before the answer is complete.
 */
export function lazyRequest(incoming: IncomingMessage, signal: () => AbortSignal): Request {
  const request = Object.create(prototype()) as Request
  states.set(request, { incoming, signal })
  return request
}

let made: object | undefined

/**
 * Stands where `Request.prototype` would, which Node loads only when somebody asks for it, with all of `fetch`: a
 * function that looks at method and URL and answers with text never does.
 */
const requestPrototype = new Proxy({} as object, {
  getPrototypeOf: () => Request.prototype,
  get: (_, name, receiver) => Reflect.get(Request.prototype, name, receiver) as unknown,
  has: (_, name) => Reflect.has(Request.prototype, name),
})

/** Made at the first request, so that it does not delay the start. */
function prototype(): object {
  if (made) return made
  const own = {
    get method(): string {
      return stateOf(this).incoming.method ?? "GET"
    },
    get url(): string {
      return urlOf(stateOf(this))
    },
    get headers(): Headers {
      return headersOf(stateOf(this))
    },
    get signal(): AbortSignal {
      return stateOf(this).signal()
    },
  }
  made = Object.create(requestPrototype, Object.getOwnPropertyDescriptors(own)) as object
  for (const name of ["body", "bodyUsed", "cache", "credentials", "destination", "integrity", "mode", "redirect"]) {
    Object.defineProperty(made, name, {
      get(this: object) {
        return wholeOf(this)[name as keyof Request]
      },
    })
  }
  for (const name of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"]) {
    Object.defineProperty(made, name, {
      value(this: object) {
        const whole = wholeOf(this)
        return (whole[name as keyof Request] as () => unknown).call(whole)
      },
    })
  }
  return made
}

function stateOf(request: object): State {
  const state = states.get(request)
  if (!state) throw new TypeError("Illegal invocation")
  return state
}

function urlOf(state: State): string {
  const { headers, url = "/" } = state.incoming
  const scheme = headers["x-forwarded-proto"] === "https" ? "https" : "http"
  state.url ??= url.startsWith("/") ? `${scheme}://${headers.host ?? "localhost"}${url}` : url
  return state.url
}

function headersOf(state: State): Headers {
  if (state.headers) return state.headers
  const { rawHeaders } = state.incoming
  const headers = new Headers()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  }
  state.headers = headers
  return headers
}

function wholeOf(request: object): Request {
  const state = stateOf(request)
  if (state.whole) return state.whole
  const { incoming } = state
  const method = incoming.method ?? "GET"
  const init: RequestInit & { duplex?: "half" } = { method, headers: headersOf(state), signal: state.signal() }
  const bodiless = method === "GET" || method === "HEAD"
  if (!bodiless) {
    init.body = bodyOf(incoming)
    init.duplex = "half"
  }
  state.whole = new Request(urlOf(state), init)
  return state.whole
}

/** The body as it comes, held back when nobody reads. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      incoming.pause()
      incoming.on("data", (chunk: Buffer) => {
        controller.enqueue(new Uint8Array(chunk))
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause()
      })
      incoming.on("end", () => controller.close())
      incoming.on("error", (error) => controller.error(error))
    },
    pull: () => void incoming.resume(),
    cancel: () => void incoming.destroy(),
  })
}
