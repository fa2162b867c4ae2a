import {
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js"
import type { Codec } from "./wire/codec.ts"

/** A refusal of the runtime, or its absence: what was asked and what gRPC answered. */
export class RuntimeCallError extends Error {
  override name = "RuntimeCallError"
  /** gRPC status code. */
  readonly code: number
  readonly method: string
  /** The runtime's own words, without a prefix. */
  readonly details: string

  constructor(method: string, code: number, details: string) {
    super(`${method}: ${details}`)
    this.method = method
    this.code = code
    this.details = details
  }

  get notFound(): boolean {
    return this.code === status.NOT_FOUND
  }

  get alreadyExists(): boolean {
    return this.code === status.ALREADY_EXISTS
  }

  /** Nobody answered: the runtime is down or starting. */
  get unavailable(): boolean {
    return this.code === status.UNAVAILABLE
  }

  /** The runtime has no such call: its CRI plugin did not load. */
  get unimplemented(): boolean {
    return this.code === status.UNIMPLEMENTED
  }

  get deadlineExceeded(): boolean {
    return this.code === status.DEADLINE_EXCEEDED
  }
}

export interface CallOptions {
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  /** What the call makes is kept from the collector as long as this lease is there. */
  readonly lease?: string | undefined
}

/** One gRPC channel over the runtime's unix socket. */
export interface Link {
  unary<Request, Response>(
    method: string,
    codecs: { request: Codec<Request>; response: Codec<Response> },
    request: Request,
    options: CallOptions,
  ): Promise<Response>
  serverStream<Request, Response>(
    method: string,
    codecs: { request: Codec<Request>; response: Codec<Response> },
    request: Request,
  ): ClientReadableStream<Response>
  /** The raw client, for the one call that streams both ways. */
  readonly client: GrpcClient
  readonly metadata: Metadata
  close(): void
}

/** Names of the runtime's objects live in containerd namespaces; CRI uses this one. */
const namespace = "k8s.io"
const messageBytesMax = 16 * 1024 * 1024
/** A runtime that starts is found this soon; gRPC's own first retry would be after a second. */
const reconnectMs = 50
const reconnectMsMax = 1_000

/** `now` is wall time in milliseconds: gRPC's deadlines are moments. */
export function openLink(endpoint: string, now: () => number): Link {
  const address = endpoint.startsWith("unix:") ? endpoint : `unix:${endpoint}`
  const client = new GrpcClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": messageBytesMax,
    "grpc.initial_reconnect_backoff_ms": reconnectMs,
    "grpc.min_reconnect_backoff_ms": reconnectMs,
    "grpc.max_reconnect_backoff_ms": reconnectMsMax,
    "grpc.enable_retries": 0,
    "grpc.default_authority": "localhost",
  })
  const metadata = new Metadata()
  metadata.set("containerd-namespace", namespace)
  return {
    client,
    metadata,
    unary: (method, { request: input, response: output }, request, options) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          method,
          (message) => input.encode(message),
          (bytes) => output.decode(bytes),
          request,
          options.lease === undefined ? metadata : leased(metadata, options.lease),
          { deadline: now() + options.deadlineMs },
          (error, response) => {
            options.signal?.removeEventListener("abort", abort)
            if (error) reject(options.signal?.aborted ? options.signal.reason : asCallError(method, error))
            else if (response === undefined) reject(new RuntimeCallError(method, status.INTERNAL, "empty answer"))
            else resolve(response)
          },
        )
        const abort = (): void => call.cancel()
        if (options.signal?.aborted) abort()
        else options.signal?.addEventListener("abort", abort, { once: true })
      }),
    serverStream: (method, { request: input, response: output }, request) =>
      client.makeServerStreamRequest(
        method,
        (message) => input.encode(message),
        (bytes) => output.decode(bytes),
        request,
        metadata,
      ),
    close: () => client.close(),
  }
}

function leased(metadata: Metadata, lease: string): Metadata {
  const own = metadata.clone()
  own.set("containerd-lease", lease)
  return own
}

export function asCallError(method: string, error: ServiceError): RuntimeCallError {
  return new RuntimeCallError(method.slice(method.lastIndexOf("/") + 1), error.code, error.details || error.message)
}
