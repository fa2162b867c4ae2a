import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js"

const bytes = { serialize: (value: string) => Buffer.from(value), deserialize: (value: Buffer) => value.toString() }

function method(path: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> {
  const { serialize, deserialize } = bytes
  const ways = { requestStream, responseStream, requestSerialize: serialize, requestDeserialize: deserialize }
  return { path, ...ways, responseSerialize: serialize, responseDeserialize: deserialize }
}

/** One method of each of gRPC's four kinds, and two that end badly or never. */
export const words = {
  echo: method("/test.Words/Echo", false, false),
  count: method("/test.Words/Count", false, true),
  join: method("/test.Words/Join", true, false),
  talk: method("/test.Words/Talk", true, true),
  fail: method("/test.Words/Fail", false, false),
  hang: method("/test.Words/Hang", false, false),
} satisfies ServiceDefinition

export interface GrpcApp extends AsyncDisposable {
  readonly port: number
  /** Calls that their clients gave up. */
  readonly cancelled: string[]
}

export async function startGrpcApp(): Promise<GrpcApp> {
  const cancelled: string[] = []
  const echo: handleUnaryCall<string, string> = (call, answer) => {
    const trailer = new Metadata()
    trailer.set("seen-by", "echo")
    trailer.set("raw-bin", call.metadata.get("raw-bin")[0] ?? Buffer.alloc(0))
    answer(null, call.request, trailer)
  }
  const count: handleServerStreamingCall<string, string> = (call) => {
    for (let at = 1; at <= Number(call.request); at++) call.write(String(at))
    call.end()
  }
  const join: handleClientStreamingCall<string, string> = (call, answer) => {
    const heard: string[] = []
    call.on("data", (word: string) => heard.push(word))
    call.on("end", () => answer(null, heard.join(" ")))
  }
  const talk: handleBidiStreamingCall<string, string> = (call) => {
    call.on("data", (word: string) => call.write(word.toUpperCase()))
    call.on("end", () => call.end())
  }
  const fail: handleUnaryCall<string, string> = (_call, answer) =>
    answer({ code: status.FAILED_PRECONDITION, details: "not today" })
  const hang: handleUnaryCall<string, string> = (call) => {
    call.on("cancelled", () => cancelled.push(call.request))
  }
  const server = new Server({ "grpc.max_receive_message_length": -1 })
  server.addService(words, { echo, count, join, talk, fail, hang })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, cancelled, [Symbol.asyncDispose]: async () => server.forceShutdown() }
}

/** A client that asks the gateway for app.test. */
export function grpcClient(port: number): Client & Disposable {
  const options = { "grpc.default_authority": "app.test", "grpc.max_receive_message_length": -1 }
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options)
  return Object.assign(client, { [Symbol.dispose]: () => client.close() })
}
