import { createServer, type ServerHttp2Stream } from "node:http2"
import type { AddressInfo } from "node:net"
import { SimulatedClock } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { listenTo, type Protocol, startSpeaker } from "../testing/speaker.ts"
import { startApp, startStage, until } from "../testing/stage.ts"

const serve =
  (port: number, spec: Record<string, unknown>, portName = "http1") =>
  (cluster: ScriptedCluster): void => {
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", port, spec, portName)
    cluster.pod("a", "app-1", "127.0.0.1")
  }

describe.each<{ protocol: Protocol }>([{ protocol: "HTTP/1.1" }, { protocol: "h2c" }, { protocol: "upgrade" }])(
  "an answer over $protocol",
  ({ protocol }) => {
    const scene = async (spec: Record<string, unknown>) => {
      const clock = new SimulatedClock()
      const speaker = await startSpeaker(protocol)
      const stage = await startStage(serve(speaker.port, spec, protocol === "h2c" ? "h2c" : "http1"), { clock })
      const heard = listenTo(stage.port, protocol)
      const turn = await speaker.next()
      const disposed = async (): Promise<void> => {
        await stage[Symbol.asyncDispose]()
        await speaker[Symbol.asyncDispose]()
      }
      return { clock, heard, turn, [Symbol.asyncDispose]: disposed }
    }

    it.each([
      { limit: "timeoutSeconds", spec: { timeoutSeconds: 2 } },
      { limit: "responseStartTimeoutSeconds", spec: { responseStartTimeoutSeconds: 2 } },
      { limit: "idleTimeoutSeconds", spec: { idleTimeoutSeconds: 2 } },
    ])("is 504 when nothing comes within $limit", async ({ spec }) => {
      await using on = await scene(spec)
      await on.clock.advance(1900)
      expect(on.heard.status).toBe(0)
      await on.clock.advance(200)
      await until(() => on.heard.end !== undefined)
      expect(on.heard).toMatchObject({ status: 504, end: "whole" })
      expect(on.heard.words).toMatch(/request timeout\n$/)
    })

    it("goes on past responseStartTimeoutSeconds once it has begun", async () => {
      await using on = await scene({ responseStartTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      await on.clock.advance(60_000)
      on.turn.say("more")
      await until(() => on.heard.words.endsWith("more"))
      expect(on.heard.end).toBeUndefined()
    })

    it("lives as long as something comes within idleTimeoutSeconds, and ends when nothing does", async () => {
      await using on = await scene({ idleTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      for (const words of ["one", "two", "three"]) {
        await on.clock.advance(1900)
        expect(on.heard.end).toBeUndefined()
        on.turn.say(words)
        await until(() => on.heard.words.endsWith(words))
      }
      await on.clock.advance(2100)
      await until(() => on.heard.end !== undefined)
      expect(on.heard).toMatchObject({ status: protocol === "upgrade" ? 101 : 200, end: "whole" })
      if (protocol !== "upgrade") expect(on.heard.words).toBe("begunonetwothreerequest timeout")
    })

    it("ends at timeoutSeconds however much comes", async () => {
      await using on = await scene({ timeoutSeconds: 4, idleTimeoutSeconds: 2 })
      on.turn.begin("begun")
      await until(() => on.heard.words.endsWith("begun"))
      for (const words of ["one", "two"]) {
        await on.clock.advance(1500)
        on.turn.say(words)
        await until(() => on.heard.words.endsWith(words))
      }
      await on.clock.advance(1100)
      await until(() => on.heard.end !== undefined)
      expect(on.heard.end).toBe("whole")
      if (protocol !== "upgrade") expect(on.heard.words).toBe("begunonetworequest timeout")
    })
  },
)

it("an answer that has promised a length is cut off when its time is up", async () => {
  const clock = new SimulatedClock()
  await using app = await startApp((_request, response) => {
    response.writeHead(200, { "content-length": 100 })
    response.write("begun")
  })
  await using stage = await startStage(serve(app.port, { timeoutSeconds: 2 }), { clock })
  const heard = listenTo(stage.port, "HTTP/1.1")
  await until(() => heard.words === "begun")
  await clock.advance(2100)
  await until(() => heard.end !== undefined)
  expect(heard).toMatchObject({ words: "begun", end: "cut" })
})

it("a call of gRPC is cut off when its time is up, for text is no message", async () => {
  const clock = new SimulatedClock()
  const server = createServer()
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {})
    stream.respond({ ":status": 200, "content-type": "application/grpc" })
    stream.write("begun")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await using stage = await startStage(serve(port, { timeoutSeconds: 2 }, "h2c"), { clock })
  const heard = listenTo(stage.port, "h2c")
  await until(() => heard.words === "begun")
  await clock.advance(2100)
  await until(() => heard.end !== undefined)
  expect(heard).toMatchObject({ words: "begun", end: "cut" })
  server.close()
})

it("an answer that has agreed to another protocol begins with what follows", async () => {
  const clock = new SimulatedClock()
  await using speaker = await startSpeaker("upgrade")
  await using stage = await startStage(serve(speaker.port, { responseStartTimeoutSeconds: 2 }), { clock })
  const heard = listenTo(stage.port, "upgrade")
  const turn = await speaker.next()
  turn.begin("")
  await until(() => heard.status === 101)
  await clock.advance(2100)
  await until(() => heard.end !== undefined)
})
