import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js"
import { WireReader, WireWriter } from "@wick/sdk/protobuf"

/** A provider of keys as a process of its own would be: a gRPC server on a unix socket, with real keys. */
export interface KmsServer extends AsyncDisposable {
  readonly endpoint: string
  /** Calls so far, by method. */
  readonly calls: { Status: number; Encrypt: number; Decrypt: number }
  /** Another key from now on; the ones before still decrypt. */
  rotate(): void
  health: string
  /** Calls are taken and not answered. */
  silent: boolean
}

const raw = (bytes: Buffer): Buffer => bytes
const annotation = { key: "version.encryption.example.com", value: Buffer.from("1") }

export async function startKmsServer(path: string): Promise<KmsServer> {
  const server = new Server()
  const keys: Buffer[] = [randomBytes(32)]
  const calls = { Status: 0, Encrypt: 0, Decrypt: 0 }
  const keyId = (): string => `key-${keys.length}`
  const kms: KmsServer = {
    endpoint: `unix://${path}`,
    calls,
    rotate: () => void keys.push(randomBytes(32)),
    health: "ok",
    silent: false,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  }
  const method = (name: keyof typeof calls) => ({
    path: `/v2.KeyManagementService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  })
  const handle = (name: keyof typeof calls, answer: (request: Map<number, Buffer>) => Buffer) => {
    return (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      calls[name] += 1
      if (kms.silent) return
      try {
        done(null, answer(fieldsOf(call.request)))
      } catch (error) {
        done({ code: status.INTERNAL, details: (error as Error).message })
      }
    }
  }
  server.addService(
    { Status: method("Status"), Encrypt: method("Encrypt"), Decrypt: method("Decrypt") },
    {
      Status: handle("Status", () => message([1, "v2"], [2, kms.health], [3, keyId()])),
      Encrypt: handle("Encrypt", (request) => {
        const ciphertext = wrap(keys.at(-1) as Buffer, request.get(1) as Buffer)
        return message([1, ciphertext], [2, keyId()], [3, message([1, annotation.key], [2, annotation.value])])
      }),
      Decrypt: handle("Decrypt", (request) => {
        const key = keys[Number(request.get(3)?.toString().slice("key-".length)) - 1]
        if (!key) throw new Error("no such key")
        if (!request.get(4)?.includes(annotation.key)) throw new Error("the annotations are missing")
        return message([1, unwrap(key, request.get(1) as Buffer)])
      }),
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()))
  })
  return kms
}

function fieldsOf(bytes: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>()
  const reader = new WireReader(bytes)
  for (let field = reader.next(); field !== 0; field = reader.next()) fields.set(field, reader.bytes())
  return fields
}

function message(...fields: [number: number, value: string | Buffer][]): Buffer {
  const writer = new WireWriter()
  for (const [number, value] of fields.reverse()) writer.bytes(number, Buffer.from(value as Buffer))
  return writer.finish()
}

function wrap(key: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function unwrap(key: Buffer, wrapped: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, wrapped.subarray(0, 12))
  decipher.setAuthTag(wrapped.subarray(-16))
  return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
}
