import { X509Certificate } from "node:crypto"
import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Secret } from "@wick/sdk/api/core/secret"
import { crd } from "@wick/sdk/api/crd"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { Client } from "@wick/sdk/client"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { createEventRecorder, createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { expect, it } from "vitest"
import { ownIssuer } from "../../authority/own-issuer.ts"
import { authoritySecret } from "../../authority/serving-authority.ts"
import type { Issuance, Issuer } from "./issuer.ts"
import { startCertificateController } from "./reconcile.ts"

const namespace = "default"
const name = "route-1"
const dayMs = 86_400_000

interface Scene extends AsyncDisposable {
  readonly client: Client
  readonly clock: SimulatedClock
  /** Lets the controller look at the Certificate and what it has led to. */
  settle(): Promise<Certificate>
}

async function startScene(issuerOf: (client: Client, clock: SimulatedClock) => Issuer): Promise<Scene> {
  await using undo = new AsyncDisposableStack()
  const api = undo.use(await startTestApi())
  await api.client.create(CustomResourceDefinition, crd(Certificate))
  for (const each of [namespace, "knative-serving"]) {
    await api.client.create(Namespace, { metadata: { name: each } }).catch(() => {})
  }
  const client = createClient({ fetch: api.server.fetchAs({ name: "controller", groups: ["system:masters"] }) })
  // The controller's time is the test's; watches go on in real time.
  const clock = new SimulatedClock(Date.parse("2026-01-01T00:00:00Z"))
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  const config = watchConfig(informers)
  const registries = { plain: [], authorityFiles: [] }
  const events = createEventRecorder({ client, clock, log: silentLog, component: "test" })
  const context = { client, informers, config, registries, events, clock, log: silentLog }
  const issuer = issuerOf(client, clock)
  const controller = undo.use(startCertificateController(context, () => issuer))
  const caches = [
    informers(Certificate),
    informers(Secret, { labelSelector: "networking.internal.knative.dev/certificate-uid" }),
  ]
  const settle = async (): Promise<Certificate> => {
    for (let turn = 0; turn < 2; turn++) {
      for (const cache of caches) await cache.caughtUp()
      controller.wake(`${namespace}/${name}`)
      await controller.idle()
    }
    return client.get(Certificate, { name, namespace })
  }
  await client.create(Certificate, {
    metadata: { name, namespace },
    spec: { dnsNames: ["hello.default.test"], secretName: name },
  })
  const running = undo.move()
  return { client, clock, settle, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const ready = ({ status }: Certificate) => status?.conditions?.find(({ type }) => type === "Ready")

const pem = ({ data = {} }: Secret, key: string): string => Buffer.from(data[key] ?? "", "base64").toString()

it("a certificate of serving's own authority is made, renewed before it ends, and made anew when that authority is replaced", async () => {
  await using scene = await startScene(ownIssuer)
  const { client, clock } = scene
  expect(ready(await scene.settle())).toMatchObject({ status: "True" })
  const stored = () => client.get(Secret, { name, namespace })
  const first = await stored()
  expect(first.type).toBe("kubernetes.io/tls")
  const leaf = new X509Certificate(pem(first, "tls.crt"))
  const authority = await client.get(Secret, authoritySecret)
  expect(leaf.checkIssued(new X509Certificate(pem(authority, "ca.crt")))).toBe(true)
  expect(leaf.verify(new X509Certificate(pem(first, "ca.crt")).publicKey)).toBe(true)
  expect(leaf.checkHost("hello.default.test")).toBe("hello.default.test")

  await clock.advance(59 * dayMs)
  await scene.settle()
  expect((await stored()).data).toEqual(first.data)
  await clock.advance(dayMs)
  const renewed = await scene.settle()
  const second = await stored()
  expect(second.data?.["tls.crt"]).not.toBe(first.data?.["tls.crt"])
  expect(Date.parse(renewed.status?.notAfter ?? "")).toBeGreaterThan(clock.now() + 89 * dayMs)

  await client.delete(Secret, authoritySecret)
  await scene.settle()
  const third = await stored()
  const successor = await client.get(Secret, authoritySecret)
  expect(successor.data?.["tls.crt"]).not.toBe(authority.data?.["tls.crt"])
  expect(
    new X509Certificate(pem(third, "tls.crt")).verify(new X509Certificate(pem(successor, "tls.crt")).publicKey),
  ).toBe(true)
})

it("a Secret that is somebody else's stays as it is", async () => {
  await using scene = await startScene(ownIssuer)
  await scene.client.create(Secret, { metadata: { name, namespace }, data: { kept: "eA==" } }).catch(() => {})
  // The controller may have been first: then the Secret is its own, and is taken away from it.
  const found = await scene.client.get(Secret, { name, namespace })
  if (found.data?.kept === undefined) {
    await scene.client.update(Secret, { ...found, metadata: { ...found.metadata, ownerReferences: [] } })
  }
  const before = await scene.client.get(Secret, { name, namespace })
  expect(ready(await scene.settle())).toMatchObject({ status: "False", reason: "NotOwned" })
  expect(await scene.client.get(Secret, { name, namespace })).toEqual(before)
})

it("an order that is refused rests, one that waits shows its challenges, and what is issued ends both", async () => {
  const chain = await makeChain()
  let answer: Issuance = { kind: "refused", reason: "OrderFailed", message: "no", againMs: 60_000 }
  let asked = 0
  const forgotten: string[] = []
  await using scene = await startScene(() => ({
    identity: async () => "scripted",
    issue: async () => {
      asked++
      return answer
    },
    forget: (uid) => void forgotten.push(uid),
  }))
  expect(ready(await scene.settle())).toMatchObject({ status: "False", reason: "OrderFailed" })
  await scene.settle()
  expect(asked).toBe(1)

  const challenge = { url: "http://hello.default.test/.well-known/acme-challenge/t", response: "t.key" }
  answer = { kind: "waiting", challenges: [challenge], againMs: 5_000 }
  await scene.clock.advance(60_000)
  const waiting = await scene.settle()
  expect(ready(waiting)).toMatchObject({ status: "Unknown", reason: "InProgress" })
  expect(waiting.status?.http01Challenges).toMatchObject([challenge])

  answer = { kind: "issued", chain }
  const issued = await scene.settle()
  expect(ready(issued)).toMatchObject({ status: "True" })
  expect(issued.status?.http01Challenges).toBeUndefined()
  expect(forgotten).toContain(issued.metadata.uid)
})

async function makeChain() {
  await using api = await startTestApi()
  const client = createClient({ fetch: api.server.fetchAs({ name: "controller", groups: ["system:masters"] }) })
  await client.create(Namespace, { metadata: { name: "knative-serving" } }).catch(() => {})
  const issuer = ownIssuer(client, new SimulatedClock(Date.parse("2026-01-01T00:00:00Z")))
  const order = { namespace, name, uid: "u", type: "external-domain", domains: ["hello.default.test"] } as const
  const made = await issuer.issue(order, new AbortController().signal)
  if (made.kind !== "issued") throw new Error("its own authority refuses nothing")
  return made.chain
}
