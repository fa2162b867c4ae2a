import { connect, type TLSSocket } from "node:tls"
import type { Clock } from "@wick/sdk/clock"
import type { MemberId } from "#raft"
import { NotSentError } from "#replication"
import { Connection } from "./connection.ts"
import type { Frame } from "./frame.ts"
import { encodeHello, type Lane } from "./greeting.ts"
import { memberOf, type PeerTls } from "./identity.ts"

export interface Dialling {
  readonly own: MemberId
  readonly tls: PeerTls
  readonly clock: Clock
  readonly dialMs: number
}

/** The protocol's name in the TLS handshake: who expects something else does not get as far as to misread it. */
export const protocol = "wick-peer"

/** Opens a connection to the member `to`, who must be there and prove that it is this one. Else nothing was sent to it. */
export async function dial(
  url: string,
  to: MemberId,
  lane: Lane,
  { own, tls, clock, dialMs }: Dialling,
  signal: AbortSignal,
): Promise<Connection> {
  const { hostname, port } = new URL(url)
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    cert: tls.certificatePem,
    key: tls.privateKeyPem,
    ca: tls.authorityPem,
    minVersion: "TLSv1.3",
    ALPNProtocols: [protocol],
    checkServerIdentity: (_host, certificate) => {
      const found = memberOf(certificate)
      return found === to ? undefined : new Error(`member ${found ?? "unknown"} answers there`)
    },
  })
  try {
    return await greet(socket, { lane, from: own, to }, { clock, dialMs, signal })
  } catch (error) {
    socket.destroy()
    throw new NotSentError(`member ${to} at ${url}: ${(error as Error).message}`, { cause: error })
  }
}

function greet(
  socket: TLSSocket,
  hello: Parameters<typeof encodeHello>[0],
  { clock, dialMs, signal }: { readonly clock: Clock; readonly dialMs: number; readonly signal: AbortSignal },
): Promise<Connection> {
  return new Promise<Connection>((resolve, reject) => {
    const abort = (): void => settle(() => reject(signal.reason as Error))
    const timer = clock.timer(dialMs, () => settle(() => reject(new Error(`did not answer within ${dialMs} ms`))))
    const settle = (how: () => void): void => {
      timer.cancel()
      signal.removeEventListener("abort", abort)
      how()
    }
    if (signal.aborted) return abort()
    signal.addEventListener("abort", abort)
    const connection = new Connection(socket, ({ kind, payload }: Frame) => {
      if (kind === "welcome") settle(() => resolve(connection))
      else settle(() => reject(new Error(kind === "refused" ? `refused: ${payload.toString()}` : `says ${kind} first`)))
    })
    connection.onLost((error) => settle(() => reject(error)))
    socket.once("secureConnect", () => connection.send("hello", encodeHello(hello)))
  })
}
