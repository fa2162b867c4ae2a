import { Client, compressionAlgorithms, credentials, Metadata, type ServiceError } from "@grpc/grpc-js"
import { hostPort } from "../../host-port.ts"
import type { Way } from "./channel.ts"
import type { OtlpEndpoint, OtlpSignal } from "./endpoint.ts"
import { type Attempt, judgeAnswer, judgeGrpc } from "./judgement.ts"
import type { OtlpManner } from "./manner.ts"

export const exportPath: Record<OtlpSignal, string> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}

/** OTLP over gRPC: one call per message. */
export function grpcWay({ isSecure, host, port }: OtlpEndpoint, signal: OtlpSignal, manner: OtlpManner): Way {
  const address = hostPort(host, port)
  const authority = manner.authorityPem === undefined ? null : Buffer.from(manner.authorityPem)
  const client = new Client(address, isSecure ? credentials.createSsl(authority) : credentials.createInsecure(), {
    ...(manner.gzip && { "grpc.default_compression_algorithm": compressionAlgorithms.gzip }),
  })
  const metadata = new Metadata()
  for (const name in manner.headers) metadata.set(name, manner.headers[name] as string)
  const same = (bytes: Buffer): Buffer => bytes
  return {
    attempt: (body, timeoutMs, now) =>
      new Promise<Attempt>((resolve) => {
        const answered = (error: ServiceError | null, answer?: Buffer): void =>
          resolve(error ? judgeGrpc(error.code, error.details) : judgeAnswer(answer ?? Buffer.alloc(0)))
        client.makeUnaryRequest(exportPath[signal], same, same, body, metadata, { deadline: now + timeoutMs }, answered)
      }),
    close: () => client.close(),
  }
}
