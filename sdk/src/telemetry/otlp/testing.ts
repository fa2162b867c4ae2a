/**
 * A collector for tests: takes what is sent by either protocol and keeps it as it came. Says yes unless told otherwise.
 */
import { createServer, type Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { Server as GrpcServer, type handleUnaryCall, ServerCredentials } from "@grpc/grpc-js"
import type { OtlpSignal } from "./endpoint.ts"
import { exportPath } from "./grpc-call.ts"

export interface OtlpSink extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, for either protocol. */
  readonly httpEndpoint: string
  readonly grpcEndpoint: string
  readonly received: readonly Received[]
  /** Statuses of HTTP with which the next messages are refused. */
  readonly refusals: number[]
  /** Resolves when `enough` is true of what was received; asked after every message. */
  until(enough: () => boolean): Promise<void>
}

interface Received {
  readonly signal: OtlpSignal
  readonly message: Buffer
  /** Of HTTP, or the metadata of gRPC. */
  readonly headers: Readonly<Record<string, unknown>>
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const received: Received[] = []
  const refusals: number[] = []
  const waiting = new Set<() => void>()
  const take = (one: Received): void => {
    received.push(one)
    for (const look of waiting) look()
  }
  const http = serveHttp(take, refusals)
  const httpPort = await new Promise<number>((resolve) => {
    http.listen(0, "127.0.0.1", () => resolve((http.address() as AddressInfo).port))
  })
  const grpc = serveGrpc(take)
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    )
  })
  return {
    httpEndpoint: `http://127.0.0.1:${httpPort}`,
    grpcEndpoint: `http://127.0.0.1:${grpcPort}`,
    received,
    refusals,
    until: (enough) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!enough()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    [Symbol.asyncDispose]: async () => {
      grpc.forceShutdown()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

function serveHttp(take: (one: Received) => void, refusals: number[]): HttpServer {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const signal = /^\/v1\/(traces|metrics)$/.exec(request.url ?? "")?.[1] as OtlpSignal | undefined
    const isProtobuf = request.headers["content-type"] === "application/x-protobuf"
    const status = signal === undefined ? 404 : isProtobuf ? (refusals.shift() ?? 200) : 415
    const body = Buffer.concat(chunks)
    const message = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body
    if (status === 200) take({ signal: signal as OtlpSignal, message, headers: request.headers })
    response.writeHead(status, { "content-type": "application/x-protobuf" }).end()
  })
}

function serveGrpc(take: (one: Received) => void): GrpcServer {
  const same = (bytes: Buffer): Buffer => bytes
  const server = new GrpcServer()
  for (const signal of ["traces", "metrics"] as const) {
    const handle: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
      take({ signal, message: call.request, headers: call.metadata.getMap() })
      answer(null, Buffer.alloc(0))
    }
    const method = {
      path: exportPath[signal],
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    } as const
    server.addService({ Export: method }, { Export: handle })
  }
  return server
}
