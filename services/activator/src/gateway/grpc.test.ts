import { type Client, Metadata, type MethodDefinition, type ServiceError, status } from "@grpc/grpc-js"
import { describe, expect, it } from "vitest"
import { type GrpcApp, grpcClient, startGrpcApp, words } from "../testing/grpc-app.ts"
import { type Stage, startStage, until } from "../testing/stage.ts"

interface Told {
  readonly message?: string | undefined
  readonly error?: ServiceError | undefined
  readonly trailers: Metadata
}

function unary(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<string, string>,
  message: string,
  { metadata = new Metadata(), deadline }: { metadata?: Metadata; deadline?: number } = {},
): Promise<Told> {
  return new Promise((resolve) => {
    let told: { message?: string | undefined; error?: ServiceError | undefined } = {}
    const options = deadline === undefined ? {} : { deadline }
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
      options,
      (error, answer) => {
        told = { message: answer, ...(error && { error }) }
      },
    )
    call.on("status", ({ metadata: trailers }) => resolve({ ...told, trailers }))
  })
}

describe("gRPC through the gateway", () => {
  const scene = async (
    spec: Record<string, unknown> = {},
  ): Promise<AsyncDisposable & { app: GrpcApp; stage: Stage; client: Client }> => {
    const app = await startGrpcApp()
    const stage = await startStage((cluster) => {
      cluster.route("app", { "app-1": 100 })
      cluster.revision("app-1", app.port, spec, "h2c")
      cluster.pod("a", "app-1", "127.0.0.1")
    })
    const client = grpcClient(stage.port)
    const dispose = async (): Promise<void> => {
      client.close()
      await stage[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
    }
    return { app, stage, client, [Symbol.asyncDispose]: dispose }
  }

  it("asks once and is answered once, with metadata both ways and trailers", async () => {
    await using on = await scene()
    const metadata = new Metadata()
    metadata.set("raw-bin", Buffer.from([0, 255, 7]))
    const told = await unary(on.client, words.echo, "hello", { metadata })
    expect(told.message).toBe("hello")
    expect(told.trailers.get("seen-by")).toEqual(["echo"])
    expect(told.trailers.get("raw-bin")).toEqual([Buffer.from([0, 255, 7])])
  })

  it("passes an error on as it is, with its code and words", async () => {
    await using on = await scene()
    expect((await unary(on.client, words.fail, "now")).error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: "not today",
    })
  })

  it("carries a message of 10 MB whole", async () => {
    await using on = await scene()
    const large = "x".repeat(10 * 1024 * 1024)
    expect((await unary(on.client, words.echo, large)).message).toHaveLength(large.length)
  })

  it("streams answers", async () => {
    await using on = await scene()
    const { path, requestSerialize, responseDeserialize } = words.count
    const stream = on.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, "100")
    const heard: string[] = []
    for await (const word of stream) heard.push(word as string)
    expect(heard).toEqual(Array.from({ length: 100 }, (_, at) => String(at + 1)))
  })

  it("streams questions", async () => {
    await using on = await scene()
    const { path, requestSerialize, responseDeserialize } = words.join
    const answer = await new Promise((resolve, reject) => {
      const stream = on.client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, value) =>
        error ? reject(error) : resolve(value),
      )
      for (const word of ["one", "two", "three"]) stream.write(word)
      stream.end()
    })
    expect(answer).toBe("one two three")
  })

  it("streams both ways at once, each word before the next is asked for", async () => {
    await using on = await scene()
    const { path, requestSerialize, responseDeserialize } = words.talk
    const stream = on.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    const heard: string[] = []
    stream.on("data", (word: string) => heard.push(word))
    for (const word of ["one", "two", "three"]) {
      stream.write(word)
      await until(() => heard.at(-1) === word.toUpperCase())
    }
    const ended = new Promise((resolve) => stream.on("status", ({ code }) => resolve(code)))
    stream.end()
    expect(await ended).toBe(status.OK)
  })

  it("tells the application when a client's deadline has passed", async () => {
    await using on = await scene()
    // A call may be so late itself that the application never sees it.
    const hears = async (): Promise<readonly string[]> => {
      const told = await unary(on.client, words.hang, "late", { deadline: Date.now() + 200 })
      expect(told.error?.code).toBe(status.DEADLINE_EXCEEDED)
      return on.app.cancelled
    }
    await expect.poll(hears).toContain("late")
  })

  it("is unavailable, not broken, when the revision's time is up before an answer", async () => {
    await using on = await scene({ timeoutSeconds: 0.1 })
    expect((await unary(on.client, words.hang, "slow")).error?.code).toBe(status.UNAVAILABLE)
    await until(() => on.app.cancelled.includes("slow"))
  })

  it("is unimplemented for a host that no route has", async () => {
    await using on = await scene()
    on.stage.cluster.remove("ingresses", "app")
    expect((await unary(on.client, words.echo, "hello")).error?.code).toBe(status.UNIMPLEMENTED)
  })
})
