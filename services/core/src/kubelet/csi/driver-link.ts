import { credentials, Client as GrpcClient, status } from "@grpc/grpc-js"
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
          if (error) reject(new DriverRefusal(error.code, error.details))
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

/** What a driver answers instead of doing what it was asked, in the words of those who know drivers. */
export class DriverRefusal extends Error {
  override name = "DriverRefusal"
  readonly code: number

  constructor(code: number, details: string) {
    super(`rpc error: code = ${codeName(code)} desc = ${details}`)
    this.code = code
  }
}

/** `DEADLINE_EXCEEDED` is told as `DeadlineExceeded`. */
function codeName(code: number): string {
  const words = (status[code] ?? String(code)).split("_")
  return words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join("")
}
