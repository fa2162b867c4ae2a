import { credentials, Client as GrpcClient } from "@grpc/grpc-js"
import type { Clock } from "@wick/sdk/clock"
import { type CsiMessage, type CsiMessages, decode, encode } from "./messages.ts"

/** One call of a driver, on a connection of its own: mounts are rare, and a driver may be restarted between two. */
export async function callDriver<Request extends CsiMessage, Answer extends CsiMessage>(
  { socket, clock }: { readonly socket: string; readonly clock: Clock },
  method: string,
  [request, message]: readonly [Request, CsiMessages[Request]],
  answer: Answer,
): Promise<CsiMessages[Answer]> {
  const client = new GrpcClient(`unix:${socket}`, credentials.createInsecure(), {
    "grpc.enable_retries": 0,
    "grpc.default_authority": "localhost",
  })
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (value: CsiMessages[Request]) => encode(request, value),
        (bytes) => decode(answer, bytes),
        message,
        { deadline: clock.now() + callMs },
        (error, value) => {
          if (error) reject(new DriverRefusal(method, error.code, error.details))
          else resolve(value as CsiMessages[Answer])
        },
      )
    })
  } finally {
    client.close()
  }
}

/** A driver has two minutes for a call, as from the kubelet of Kubernetes. */
const callMs = 120_000

/** What a driver answers instead of doing what it was asked. */
export class DriverRefusal extends Error {
  override name = "DriverRefusal"

  constructor(method: string, code: number, details: string) {
    super(`${method.slice(method.lastIndexOf("/") + 1)}: rpc error: code = ${code} desc = ${details}`)
  }
}
