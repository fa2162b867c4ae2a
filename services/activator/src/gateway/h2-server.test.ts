import type { AddressInfo } from "node:net"
import { createServer, type Server } from "node:net"
import { expect, it } from "vitest"
import { speakH2 } from "../testing/raw-h2.ts"
import { createH2Server } from "./h2-server.ts"

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return (server.address() as AddressInfo).port
}

const get = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "app.test"],
] as const

it("closes a connection over which nothing goes, unless an answer is awaited there", async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>()
  const { server } = createH2Server((_request, response) => ask(() => response.end()), 50)
  const listener = createServer((socket) => server.emit("connection", socket))
  const port = await listen(listener)
  const waiting = await speakH2(port)
  const stream = waiting.headers(get)
  const answer = await asked
  const idle = await speakH2(port)
  // Of a head that never ends not a frame has come.
  idle.socket.write(Buffer.from([0, 0, 16, 1]))
  await new Promise((resolve) => idle.socket.once("close", resolve))
  expect(waiting.socket.destroyed).toBe(false)
  answer()
  expect(await waiting.ended(stream)).toEqual({ status: 200, how: "whole" })
  await new Promise((resolve) => waiting.socket.once("close", resolve))
  listener.close()
})
