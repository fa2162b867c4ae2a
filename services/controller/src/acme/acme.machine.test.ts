import { X509Certificate } from "node:crypto"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { startTestApi } from "@wick/core/testing"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Secret } from "@wick/sdk/api/core/secret"
import type { Client } from "@wick/sdk/client"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Challenge, Issuance, Order } from "../reconcilers/certificate/issuer.ts"
import { AcmeIssuer } from "./issuer.ts"
import { type Pebble, startPebble } from "./testing/pebble.ts"

/** The issuer against another's authority: what is said, how names are proven, what a lost controller leaves. */
const running = new AsyncDisposableStack()
const namespace = "knative-serving"
const signal = new AbortController().signal
let client: Client
let pebble: Pebble
/** What gateways answer, by URL without the scheme. */
const served = new Map<string, string>()

beforeAll(async () => {
  const gateway = createServer(({ url, headers }, response) => {
    const answer = served.get(`${headers.host?.split(":")[0]}${url}`)
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  await new Promise<void>((resolve) => gateway.listen(0, "127.0.0.1", resolve))
  running.defer(() => void gateway.close())
  pebble = running.use(await startPebble((gateway.address() as AddressInfo).port))
  const api = running.use(await startTestApi())
  client = api.client
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
})
afterAll(() => running.disposeAsync())

const key = ({ url }: Challenge): string => url.slice("http://".length)
const publish = (challenges: readonly Challenge[]): void => {
  for (const challenge of challenges) served.set(key(challenge), challenge.response)
}

/** One that was started just now and knows only what is written down. */
function issuer(clock = new SimulatedClock(), more: { directory?: string; isServed?: () => boolean } = {}): AcmeIssuer {
  const { directory = pebble.directory, isServed = (_: string, one: Challenge) => served.has(key(one)) } = more
  const settings = () => ({ directory, email: "you@example.com", authorityPem: pebble.authorityPem })
  const certificates = () => new Set(["one", "two", "three", "four", "five"])
  return new AcmeIssuer({ client, clock, log: silentLog, settings, isServed, certificates })
}

function orderOf(uid: string, ...domains: string[]): Order {
  return { namespace: "default", name: uid, uid, type: "external-domain", domains }
}

/** Asks on until there is something else to say than that it waits; publishes what is to be answered. */
async function finished(given: AcmeIssuer, order: Order): Promise<Exclude<Issuance, { kind: "waiting" }>> {
  for (let asked = 0; asked < 2_000; asked++) {
    const issuance = await given.issue(order, signal)
    if (issuance.kind !== "waiting") return issuance
    publish(issuance.challenges)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error("the order does not end")
}

async function written(uid: string): Promise<{ secret: Secret; state: { url?: string; failures: number } }> {
  const secret = await client.get(Secret, { name: `acme-order-${uid}`, namespace })
  return { secret, state: JSON.parse(Buffer.from(secret.data?.["order.json"] ?? "", "base64").toString()) }
}

it("a certificate for several names is issued when the gateways answer for each of them", async () => {
  const order = orderOf("one", "hello.default.test", "next-hello.default.test")
  const first = await issuer().issue(order, signal)
  expect(first).toMatchObject({ kind: "waiting", challenges: [{}, {}] })
  const given = issuer()
  const issuance = await finished(given, order)
  if (issuance.kind !== "issued") throw new Error(JSON.stringify(issuance))
  const leaf = new X509Certificate(issuance.chain.chainPem)
  for (const name of order.domains) expect(leaf.checkHost(name)).toBe(name)
  expect(issuance.chain.chainPem.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(1)
  expect(issuance.chain.privateKeyPem).toContain("PRIVATE KEY")
  given.forget(order.uid)
  await expect.poll(() => written(order.uid).catch(({ reason }) => reason)).toBe("NotFound")
})

it("a controller that ends leaves an order with which the next goes on, whenever it ended", async () => {
  const order = orderOf("two", "two.default.test")
  await issuer().issue(order, signal)
  const { secret, state } = await written("two")
  expect(state.url).toBeDefined()
  // As if it had ended after the authority had made the order, and before it was written down where that is.
  const { url, ...before } = state
  const data = { "order.json": Buffer.from(JSON.stringify(before)).toString("base64") }
  await client.update(Secret, { ...secret, data })
  await issuer().issue(order, signal)
  expect((await written("two")).state.url).toBe(url)
  expect(await finished(issuer(), order)).toMatchObject({ kind: "issued" })
  expect((await written("two")).state.url).toBe(url)
})

it("an order that fails says why, rests the longer the more often it failed, and is then placed anew", async () => {
  const order = orderOf("three", "three.default.test")
  const clock = new SimulatedClock()
  const isServed = () => true
  const untilRefused = async (): Promise<Issuance> => {
    const given = issuer(clock, { isServed })
    for (let asked = 0; asked < 2_000; asked++) {
      const issuance = await given.issue(order, signal)
      if (issuance.kind !== "waiting") return issuance
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error("the order does not end")
  }
  const refusal = await untilRefused()
  expect(refusal).toMatchObject({ kind: "refused", reason: "OrderFailed", againMs: 120_000 })
  expect(JSON.stringify(refusal)).toContain("three.default.test: ")
  await clock.advance(60_000)
  expect(await issuer(clock).issue(order, signal)).toMatchObject({ kind: "refused", againMs: 60_000 })
  await clock.advance(60_000)
  expect(await untilRefused()).toMatchObject({ kind: "refused", againMs: 240_000 })
  await clock.advance(240_000)
  expect(await finished(issuer(clock), order)).toMatchObject({ kind: "issued" })
})

it("a wildcard is refused at once, with what to do about it", async () => {
  const refusal = await issuer().issue(orderOf("four", "*.default.test"), signal)
  expect(refusal).toMatchObject({ kind: "refused", reason: "NotPossible" })
  expect(JSON.stringify(refusal)).toContain("namespace-wildcard-cert-selector")
})

it("an order of a Certificate that went while nobody looked is removed", async () => {
  await issuer().issue(orderOf("gone", "gone.default.test"), signal)
  expect((await written("gone")).state.url).toBeDefined()
  await issuer().issue(orderOf("five", "five.default.test"), signal)
  await expect(written("gone")).rejects.toMatchObject({ reason: "NotFound" })
})

it("an authority that is away is told of, and the order goes on when it is back", async () => {
  const order = orderOf("five", "five.default.test")
  const away = await issuer(undefined, { directory: "https://127.0.0.1:1/dir" }).issue(order, signal)
  expect(away).toMatchObject({ kind: "refused", reason: "AuthorityUnavailable", againMs: 30_000 })
  expect(await finished(issuer(), order)).toMatchObject({ kind: "issued" })
})
