import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { SimulatedClock } from "@wick/sdk/clock"
import { isProven } from "@wick/sdk/gateway-key"
import { expect, it } from "vitest"
import { knownGateways } from "./gateway-endpoints.ts"
import { askingGateways } from "./gateways.ts"

const ingress = { metadata: { namespace: "default", name: "hello", generation: 3, uid: "u" } } as Ingress
const noSignal = new AbortController().signal

async function gateway(answer: RequestListener): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const key = Buffer.alloc(32, 7)
const asked = (clock: SimulatedClock, ...urls: string[]) =>
  askingGateways(knownGateways(urls), { current: () => key }, clock).acknowledged(ingress, noSignal)

it("an Ingress is served when every gateway says so of its present generation", async () => {
  const paths: (string | undefined)[] = []
  const clock = new SimulatedClock()
  await using one = await gateway(({ method = "", url = "", headers }, response) => {
    paths.push(url)
    if (!isProven(key, { method, path: url }, headers.authorization, clock.now())) response.writeHead(401)
    response.end("routed\n")
  })
  await using other = await gateway((_, response) => response.end("routed\n"))
  expect(await asked(clock, one.url, other.url)).toBe("all")
  expect(paths).toEqual(["/routed/default/hello?generation=3&uid=u"])
})

it("an Ingress is not served while a gateway does not say so", async () => {
  const clock = new SimulatedClock()
  await using ready = await gateway((_, response) => response.end())
  const waits = Promise.withResolvers<void>()
  await using slow = await gateway(() => waits.resolve())
  const answer = asked(clock, ready.url, slow.url)
  await waits.promise
  await clock.advance(2_000)
  expect(await answer).toBe("pending")
})

it("an Ingress is not served by a gateway that knows nothing of Ingresses", async () => {
  await using old = await gateway((_, response) => response.writeHead(404).end())
  expect(await asked(new SimulatedClock(), old.url)).toBe("pending")
})

it("a gateway that is gone is not waited for", async () => {
  const gone = await gateway(() => {})
  await gone[Symbol.asyncDispose]()
  await using left = await gateway((_, response) => response.end())
  expect(await asked(new SimulatedClock(), gone.url, left.url)).toBe("all")
  expect(await asked(new SimulatedClock(), gone.url)).toBe("nobody")
})
