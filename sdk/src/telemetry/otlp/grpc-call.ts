import { Client, credentials, type ServiceError } from "@grpc/grpc-js"
import type { Way } from "./channel.ts"
import type { OtlpEndpoint, OtlpSignal } from "./endpoint.ts"
import { type Attempt, judgeAnswer, judgeGrpc } from "./judgement.ts"

export const exportPath: Record<OtlpSignal, string> = {
  traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}

/** OTLP over gRPC: one call per message. */
export function grpcWay({ isSecure, host, port }: OtlpEndpoint, signal: OtlpSignal): Way {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`
  const client = new Client(address, isSecure ? credentials.createSsl() : credentials.createInsecure())
  const same = (bytes: Buffer): Buffer => bytes
  return {
    attempt: (body, timeoutMs, now) =>
      new Promise<Attempt>((resolve) => {
        const answered = (error: ServiceError | null, answer?: Buffer): void =>
          resolve(error ? judgeGrpc(error.code, error.details) : judgeAnswer(answer ?? Buffer.alloc(0)))
        client.makeUnaryRequest(exportPath[signal], same, same, body, { deadline: now + timeoutMs }, answered)
      }),
    close: () => client.close(),
  }
}
