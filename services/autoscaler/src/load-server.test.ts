import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ClientDuplexStream, credentials, Client as GrpcClient } from "@grpc/grpc-js"
import { silentLog } from "@wick/sdk/log"
import { type ActivatorMessage, type AutoscalerMessage, loadStream } from "@wick/sdk/wire"
import { afterEach, beforeEach, expect, it } from "vitest"
import { LoadServer } from "./load-server.ts"

const { path, requestSerialize, responseDeserialize } = loadStream
let listen: string
let said: string[]
let server: LoadServer
let undo: AsyncDisposableStack

beforeEach(async () => {
  undo = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), "wick-load-server-"))
  listen = `unix:${join(directory, "load.sock")}`
  undo.defer(() => rmSync(directory, { recursive: true, force: true }))
  said = []
  const listener = {
    connected: (id: string) => void said.push(`${id} is there`),
    history: () => {},
    load: () => {},
    poke: (id: string, _: string, name: string) => void said.push(`${id} pokes ${name}`),
    disconnected: (id: string) => void said.push(`${id} is gone`),
  }
  server = undo.use(new LoadServer(listener, silentLog))
  await server.listen(listen)
})
afterEach(() => undo.disposeAsync())

function connect(id: string): ClientDuplexStream<ActivatorMessage, AutoscalerMessage> & { heard: AutoscalerMessage[] } {
  const client = new GrpcClient(listen, credentials.createInsecure())
  undo.defer(() => client.close())
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  const heard: AutoscalerMessage[] = []
  stream.on("data", (message: AutoscalerMessage) => heard.push(message))
  stream.on("error", () => {})
  stream.write({ type: "hello", self: { id, admin: "" } })
  return Object.assign(stream, { heard })
}

it("what activators say before the autoscaler knows what it scales is heard when it does, and answered then", async () => {
  const early = connect("early")
  early.write({ type: "poke", namespace: "default", name: "hello-1" })
  const impatient = connect("impatient")
  await expect.poll(() => server.waiting).toBe(2)
  expect([said, early.heard]).toEqual([[], []])
  impatient.cancel()
  await expect.poll(() => server.waiting).toBe(1)
  server.begin()
  await expect.poll(() => early.heard).toHaveLength(1)
  expect(said).toEqual(["early is there", "early pokes hello-1"])
  const late = connect("late")
  await expect.poll(() => late.heard).toHaveLength(1)
})

it("what an activator told on a stream that is not found dead yet is forgotten when it comes back on another", async () => {
  server.begin()
  const first = connect("a")
  await expect.poll(() => first.heard).toHaveLength(1)
  const second = connect("a")
  await expect.poll(() => second.heard).toHaveLength(1)
  expect(said).toEqual(["a is there", "a is gone", "a is there"])
  first.cancel()
  second.write({ type: "poke", namespace: "default", name: "hello-1" })
  await expect.poll(() => said.at(-1)).toBe("a pokes hello-1")
  expect(said).toHaveLength(4)
})
