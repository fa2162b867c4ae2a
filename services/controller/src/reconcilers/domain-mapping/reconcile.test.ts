import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { crd } from "@wick/sdk/api/crd"
import { defineKind, type NewOf } from "@wick/sdk/api/kind"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { SimulatedClock, systemClock } from "@wick/sdk/clock"
import { createEventRecorder, createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { expect, it } from "vitest"
import * as z from "zod"
import { startDomainMappingController } from "./reconcile.ts"

const Broker = defineKind({
  ...{ group: "eventing.example.com", version: "v1", kind: "Broker", plural: "brokers" },
  description: "Something with an address.",
  schema: z.object({ status: z.object({ address: z.object({ url: z.string() }) }).optional() }),
})
const namespace = "default"
const domain = "www.example.com"

it("a domain follows the address of a kind that was not even served when it was mapped", async () => {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi())
  for (const kind of [Certificate, ClusterDomainClaim, Ingress, DomainMapping, Route, Service]) {
    await client.create(CustomResourceDefinition, crd(kind))
  }
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
  const clock = new SimulatedClock(Date.parse("2026-01-01T00:00:00Z"))
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  const events = createEventRecorder({ client, clock, log: silentLog, component: "test" })
  const registries = { plain: [], authorityFiles: [] }
  const config = watchConfig(informers)
  undo.use(startDomainMappingController({ client, informers, config, registries, events, clock, log: silentLog }))

  const claim = { metadata: { name: domain }, spec: { namespace } }
  await client.create(ClusterDomainClaim, claim as NewOf<typeof ClusterDomainClaim>)
  const ref = { apiVersion: "eventing.example.com/v1", kind: "Broker", name: "x" }
  await client.create(DomainMapping, { metadata: { name: domain, namespace }, spec: { ref } })
  const says = async (message: string): Promise<void> => {
    const { status } = await client.get(DomainMapping, { name: domain, namespace })
    const resolved = status?.conditions?.find(({ type }) => type === "ReferenceResolved")
    expect(resolved).toMatchObject({ reason: "ResolveFailed", message })
  }
  await expect
    .poll(() =>
      says('brokers.eventing.example.com "x" not found').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)

  await client.create(CustomResourceDefinition, crd(Broker))
  await expect
    .poll(() =>
      client.create(Broker, { metadata: { name: "x", namespace } } as NewOf<typeof Broker>).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  await clock.advance(10_000)
  await expect
    .poll(() =>
      says(`address not set for Broker ${namespace}/x`).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)

  const address = { url: "http://x.default.svc.cluster.local" }
  await client.patch(Broker, { name: "x", namespace }, { type: "merge", body: { status: { address } } })
  const way = () =>
    client.get(Ingress, { name: domain, namespace }).then(
      ({ spec }) => spec.rules?.[0]?.http?.paths[0]?.rewriteHost,
      () => undefined,
    )
  await expect.poll(way).toBe("x.default.svc.cluster.local")
})
