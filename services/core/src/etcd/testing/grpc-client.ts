import { Client, type ClientReadableStream, credentials, type ServiceError } from "@grpc/grpc-js"

interface Encoder<Given> {
  encode(message: Given): Buffer
}
interface Decoder<Answer> {
  decode(bytes: Buffer): Answer
}

/** Calls of one client, by the usual library for gRPC and without TLS. */
export class GrpcClient {
  readonly #client: Client

  constructor(endpoint: string) {
    this.#client = new Client(endpoint, credentials.createInsecure())
  }

  /** The answer, or the refusal. `leave` gives up waiting. */
  call<Given extends object, Answer>(
    path: string,
    request: Encoder<Given>,
    response: Decoder<Answer>,
    given: Given,
  ): Promise<Answer> & { leave(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const call = this.#client.makeUnaryRequest(
      path,
      (message: Given) => request.encode(message),
      (bytes) => response.decode(bytes),
      given,
      { deadline: Date.now() + 15_000 },
      (error: ServiceError | null, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    )
    return Object.assign(promise, { leave: () => call.cancel() })
  }

  stream<Given extends object, Answer>(
    path: string,
    request: Encoder<Given>,
    response: Decoder<Answer>,
    given: Given,
  ): ClientReadableStream<Answer> {
    return this.#client.makeServerStreamRequest(
      path,
      (message: Given) => request.encode(message),
      (bytes) => response.decode(bytes),
      given,
    )
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}
