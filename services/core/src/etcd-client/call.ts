import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from "node:http2"
import { constants } from "node:http2"
import type { Clock } from "@wick/sdk/clock"
import { code, FrameReader, frame, GrpcError } from "#etcd-wire"
import { StoppedError, UnavailableError } from "#store"
import { isSurelyNotDone } from "./answer-error.ts"
import { answerSizeMax, callTimeoutMs } from "./limits.ts"
import type { Link } from "./link.ts"

/** What became of one call: `unsent` was surely not seen by anybody, `lost` may have been. */
export type CallOutcome =
  | { readonly kind: "answered"; readonly messages: readonly Buffer[] }
  | { readonly kind: "refused"; readonly error: GrpcError }
  | { readonly kind: "unsent" }
  | { readonly kind: "lost"; readonly why: string }

/**
 * One question and its answer. What may have been done is asked again only if it is `repeatable`; else its fate is told as
 * unknown. Throws GrpcError with etcd's refusal, NotLeaderError (nothing was done), UnavailableError (may have been).
 */
export async function call(
  link: Link,
  clock: Clock,
  method: string,
  request: Buffer,
  { repeatable }: { readonly repeatable: boolean },
): Promise<Buffer> {
  const framed = frame(request)
  for (let attempt = 0; ; attempt++) {
    const isLast = attempt >= link.endpoints.length
    const session = await link.session()
    const outcome = await ask(session, clock, method, framed, () => link.suspect(session))
    switch (outcome.kind) {
      case "answered":
        return outcome.messages[0] ?? Buffer.alloc(0)
      case "refused":
        if (!isSurelyNotDone(outcome.error)) throw outcome.error
        link.leave(session, outcome.error.message)
        if (isLast) throw outcome.error
        break
      case "unsent":
        if (isLast) throw new UnavailableError(`etcd takes no calls: ${method} was refused ${attempt + 1} times`)
        break
      case "lost":
        if (link.isClosed) throw new StoppedError("the store is closed")
        if (isLast || !repeatable) throw new UnavailableError(`${method}: ${outcome.why}`)
    }
  }
}

function ask(
  session: ClientHttp2Session,
  clock: Clock,
  method: string,
  framed: Buffer,
  onTimeout: () => void,
): Promise<CallOutcome> {
  return new Promise((resolve) => {
    const stream = openStream(session, method)
    if (stream === undefined) return resolve({ kind: "unsent" })
    const reader = new FrameReader(answerSizeMax)
    const messages: Buffer[] = []
    let status: GrpcStatus | undefined
    let why = "the connection was lost before the answer"
    const timer = clock.timer(callTimeoutMs, () => {
      why = `no answer within ${callTimeoutMs / 1000} s`
      stream.close(constants.NGHTTP2_CANCEL)
      onTimeout()
    })
    stream.on("response", (headers) => {
      status ??= statusOf(headers)
    })
    stream.on("data", (chunk: Buffer) => {
      try {
        messages.push(...reader.push(chunk))
      } catch (error) {
        status = error as GrpcError
        stream.close(constants.NGHTTP2_CANCEL)
      }
    })
    stream.on("trailers", (headers) => {
      status ??= statusOf(headers)
    })
    stream.on("error", (error) => {
      why = `the connection was lost before the answer: ${error.message}`
    })
    stream.once("close", () => {
      timer.cancel()
      resolve(outcomeOf(status, messages, stream.rstCode, why))
    })
    stream.end(framed)
  })
}

export type GrpcStatus = GrpcError | "ok"

function outcomeOf(
  status: GrpcStatus | undefined,
  messages: readonly Buffer[],
  resetCode: number | undefined,
  why: string,
): CallOutcome {
  if (status === "ok") return { kind: "answered", messages }
  if (status !== undefined) return { kind: "refused", error: status }
  // A peer that refuses a stream promises that it did nothing for it (RFC 9113, 8.7).
  if (resetCode === constants.NGHTTP2_REFUSED_STREAM) return { kind: "unsent" }
  return { kind: "lost", why }
}

/** Undefined when the session takes no more streams. Only an endpoint that knows its cluster's leader answers. */
export function openStream(session: ClientHttp2Session, method: string): ClientHttp2Stream | undefined {
  if (session.closed || session.destroyed) return undefined
  try {
    return session.request({
      ":method": "POST",
      ":path": `/etcdserverpb.${method}`,
      "content-type": "application/grpc",
      te: "trailers",
      hasleader: "true",
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_HTTP2_")) return undefined
    throw error
  }
}

/** Undefined: the headers say nothing of it yet. */
export function statusOf(headers: IncomingHttpHeaders): GrpcStatus | undefined {
  const status = headers["grpc-status"]
  if (status === "0") return "ok"
  if (status !== undefined) return new GrpcError(Number(status), decoded(String(headers["grpc-message"] ?? "")))
  const httpStatus = Number(headers[":status"] ?? 200)
  if (httpStatus === 200) return undefined
  return new GrpcError(code.unknown, `it answers HTTP status ${httpStatus}: it is no etcd`)
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message)
  } catch {
    return message
  }
}
