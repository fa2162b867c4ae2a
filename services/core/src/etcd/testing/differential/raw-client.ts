import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js"

/** What was answered: bytes, or a refusal's code and text. */
export type RawAnswer = { readonly bytes: Buffer } | { readonly code: number; readonly details: string }

const deadlineMs = 20_000
const same = (bytes: Buffer): Buffer => bytes
/** Larger answers than the library takes by itself. */
const options = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 }

/** Calls of one client as bytes, by the usual library for gRPC and without TLS, and the tokens of its users. */
export class RawClient implements Disposable {
  readonly tokens = new Map<string, string>()
  readonly #client: Client

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure(), options)
  }

  call(path: string, request: Buffer, user?: string): Promise<RawAnswer> {
    return new Promise((resolve) => {
      const given = { deadline: Date.now() + deadlineMs }
      const done = (error: ServiceError | null, bytes?: Buffer): void => resolve(answerOf(error, bytes))
      this.#client.makeUnaryRequest(`/${path}`, same, same, request, this.#metadata(user), given, done)
    })
  }

  stream(path: string, user?: string): ClientDuplexStream<Buffer, Buffer> {
    const given = { deadline: Date.now() + deadlineMs }
    return this.#client.makeBidiStreamRequest(`/${path}`, same, same, this.#metadata(user), given)
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }

  #metadata(user: string | undefined): Metadata {
    const metadata = new Metadata()
    const token = user === undefined ? undefined : (this.tokens.get(user) ?? user)
    if (token !== undefined) metadata.set("token", token)
    return metadata
  }
}

function answerOf(error: ServiceError | null, bytes: Buffer | undefined): RawAnswer {
  if (error === null && bytes !== undefined) return { bytes }
  return { code: error?.code ?? -1, details: error?.details ?? "" }
}
