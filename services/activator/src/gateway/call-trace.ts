import { revisionAttributes } from "@wick/sdk/api/serving/revision-attributes"
import { parseTraceparent, type Span, type TraceContext, type Tracer, traceparentOf } from "@wick/sdk/tracing"
import type { Backend } from "../backend/backend.ts"
import type { CallTrace } from "../backend/call.ts"
import type { Pod } from "../backend/pod.ts"
import type { Incoming } from "./http-call.ts"
import { type RequestHead, replaceHeaders } from "./request-head.ts"

const serverErrorMin = 500
const clientErrorMin = 400

/**
 * Traces a request from here on, as part of the trace that it came with. Undefined where it is not kept: its pod is told
 * that then, so that all agree.
 */
export function traceCall(
  tracer: Tracer,
  request: Incoming,
  head: RequestHead,
  backend: Backend,
  isSecure: boolean,
): CallTrace | undefined {
  const { traceparent, tracestate } = request.headers
  const parent = parseTraceparent(textOf(traceparent), textOf(tracestate))
  const { span, context } = tracer.enter(request.method ?? "GET", parent, { kind: "server" })
  if (span === undefined) {
    if (parent === undefined) handOn(head, context)
    return undefined
  }
  const { namespace, name, spec } = backend
  span.set({
    "http.request.method": request.method,
    "url.path": (request.url ?? "").split("?", 1)[0],
    "url.scheme": isSecure ? "https" : "http",
    "server.address": head.host,
    "client.address": request.socket?.remoteAddress,
    "network.protocol.version": request.httpVersion,
    "user_agent.original": request.headers["user-agent"],
    ...revisionAttributes(namespace, name, {
      "serving.knative.dev/service": spec.service,
      "serving.knative.dev/configuration": spec.configuration,
    }),
  })
  return new TracedCall(tracer, span, head, request.method)
}

/** Knative's names for the two parts of a request: its wait for a place, and its time in a pod. */
class TracedCall implements CallTrace {
  readonly traceId: string
  readonly #tracer: Tracer
  readonly #server: Span
  readonly #head: RequestHead
  readonly #method: string | undefined
  #wait: Span | undefined
  #proxy: Span | undefined
  #resends = 0

  constructor(tracer: Tracer, server: Span, head: RequestHead, method: string | undefined) {
    this.#tracer = tracer
    this.#server = server
    this.#head = head
    this.#method = method
    this.traceId = server.context.traceId
    this.#wait = tracer.within("throttler_try", server.context)
  }

  get cause(): string | undefined {
    return this.#wait && traceparentOf(this.#wait.context)
  }

  get context(): string {
    return traceparentOf(this.#server.context)
  }

  given({ name, address = "" }: Pod): void {
    this.#wait?.end()
    this.#wait = undefined
    this.#proxy = this.#tracer.within("activator_proxy", this.#server.context, {
      kind: "client",
      attributes: { "k8s.pod.name": name, "server.address": address },
    })
    this.#proxy?.set({
      "http.request.method": this.#method,
      "http.request.resend_count": this.#resends > 0 ? this.#resends : undefined,
    })
    if (this.#proxy) handOn(this.#head, this.#proxy.context)
  }

  lost(why: string): void {
    this.#resends++
    this.#proxy?.fail(why)
    this.#proxy?.end()
    this.#proxy = undefined
    this.#server.event("retry", { why })
    this.#wait = this.#tracer.within("throttler_try", this.#server.context)
  }

  ended(status: number): void {
    const why = status === 0 ? "the client left" : `status ${status}`
    if (this.#wait && (status === 0 || status >= serverErrorMin)) this.#wait.fail(why)
    this.#wait?.end()
    for (const [span, errorMin] of [
      [this.#proxy, clientErrorMin],
      [this.#server, serverErrorMin],
    ] as const) {
      if (span === undefined) continue
      if (status > 0) span.set({ "http.response.status_code": status })
      if (status === 0 || status >= errorMin) {
        span.set({ "error.type": status === 0 ? "client_closed" : String(status) })
        span.fail(why)
      }
      span.end()
    }
  }
}

function handOn({ headers }: RequestHead, context: TraceContext): void {
  const state = context.state === "" ? [] : ["tracestate", context.state]
  replaceHeaders(headers, ["traceparent", traceparentOf(context), ...state])
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header
}
