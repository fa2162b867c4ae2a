import { Client, credentials } from "@grpc/grpc-js"
import type { Clock } from "@wick/sdk/clock"
import {
  decodeDecrypted,
  decodeEncrypted,
  decodeStatus,
  encodeDecrypt,
  encodeEncrypt,
  type KmsStatus,
  type Wrapped,
} from "./messages.ts"

/** What a provider does. Each call ends within the provider's timeout, and throws if there was no answer. */
export interface KmsService {
  status(): Promise<KmsStatus>
  encrypt(plaintext: Uint8Array, uid: string): Promise<Wrapped>
  decrypt(wrapped: Wrapped, uid: string): Promise<Buffer>
  close(): void
}

export interface KmsEndpoint {
  /** `unix:///var/run/kms.sock` */
  readonly endpoint: string
  readonly timeoutMs: number
  readonly clock: Clock
}

/** A provider that comes back is found this soon. */
const reconnectMs = 100
const reconnectMsMax = 1_000

/** The service over gRPC on a unix socket. */
export function connectKms({ endpoint, timeoutMs, clock }: KmsEndpoint): KmsService {
  const client = new Client(addressOf(endpoint), credentials.createInsecure(), {
    "grpc.initial_reconnect_backoff_ms": reconnectMs,
    "grpc.min_reconnect_backoff_ms": reconnectMs,
    "grpc.max_reconnect_backoff_ms": reconnectMsMax,
    "grpc.enable_retries": 0,
    "grpc.default_authority": "localhost",
  })
  const call = <Answer>(method: string, request: Buffer, decode: (bytes: Buffer) => Answer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        (bytes: Buffer) => bytes,
        decode,
        request,
        { deadline: clock.now() + timeoutMs },
        (error, answer) => (error || answer === undefined ? reject(error ?? new Error("no answer")) : resolve(answer)),
      )
    })
  return {
    status: () => call("Status", Buffer.alloc(0), decodeStatus),
    encrypt: (plaintext, uid) => call("Encrypt", encodeEncrypt({ plaintext, uid }), decodeEncrypted),
    decrypt: (wrapped, uid) => call("Decrypt", encodeDecrypt(wrapped, uid), decodeDecrypted),
    close: () => client.close(),
  }
}

/** `unix:///run/kms.sock` is a path, `unix://@kms` a name without a file. */
function addressOf(endpoint: string): string {
  const rest = endpoint.slice("unix://".length)
  return rest.startsWith("@") ? `unix-abstract:${rest.slice(1)}` : `unix:${rest}`
}
