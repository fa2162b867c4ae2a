import { hostPort } from "@wick/sdk/host-port"
import type { Answer } from "./ask.ts"

const method = "/grpc.health.v1.Health/Check"
const serving = 1
/** Tag of field 1 as a string, and as a number. */
const serviceTag = 0x0a
const statusTag = 0x08
const shortTextMax = 127

/** A pod is never behind the proxy that the environment may name. */
const direct = { "grpc.enable_http_proxy": 0 }

/** Asks the gRPC health service (grpc.health.v1); SERVING is good. */
export async function askGrpc(
  host: string,
  port: number,
  service: string,
  timeoutMs: number,
  nowMs: number,
): Promise<Answer> {
  const { Client, credentials } = await import("@grpc/grpc-js")
  const address = hostPort(host, port)
  const client = new Client(address, credentials.createInsecure(), direct)
  try {
    const status = await new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (name: string) => encodeRequest(name),
        (bytes) => decodeStatus(bytes),
        service,
        { deadline: nowMs + timeoutMs } as never,
        (error, answer) => (error ? reject(error) : resolve(answer ?? 0)),
      )
    })
    if (status === serving) return { ok: true, message: "" }
    return { ok: false, message: `service unhealthy (responded with "${status === 2 ? "NOT_SERVING" : "UNKNOWN"}")` }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  } finally {
    client.close()
  }
}

function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, shortTextMax)
  return name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([serviceTag, name.length]), name])
}

/** The only field of the answer; absent means UNKNOWN. */
function decodeStatus(bytes: Buffer): number {
  return bytes[0] === statusTag ? (bytes[1] ?? 0) : 0
}
