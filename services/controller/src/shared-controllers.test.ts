import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
import { Lease } from "@wick/sdk/api/coordination/lease"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { crd } from "@wick/sdk/api/crd"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { createClient } from "@wick/sdk/client"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { electController } from "./index.ts"

const serving = [Configuration, DomainMapping, Revision, Route, Service, PodAutoscaler, Image]
const networking = [Certificate, ClusterDomainClaim, Ingress, ServerlessService]
const namespace = "shop"

it("controllers divide the objects by buckets, each with a Lease, and a dead one's share goes to the other", async () => {
  await using undo = new AsyncDisposableStack()
  const { client, server } = undo.use(await startTestApi())
  for (const kind of [...serving, ...networking]) await client.create(CustomResourceDefinition, crd(kind))
  for (const name of [systemNamespace, namespace]) await client.create(Namespace, { metadata: { name } })
  const data = { buckets: "4", "lease-duration": "2s", "renew-deadline": "1500ms", "retry-period": "200ms" }
  await client.create(ConfigMap, { metadata: { name: "config-leader-election", namespace: systemNamespace }, data })

  /** Who has asked for which Configuration to be made. */
  const made: string[] = []
  const dead = new Set<string>()
  const apiFetch = server.fetchAs({ name: "admin", groups: ["system:masters"] })
  const start = async (identity: string): Promise<void> => {
    const fetch = async (request: Request): Promise<Response> => {
      if (dead.has(identity)) throw new TypeError("fetch failed")
      const isMaking = request.method === "POST" && new URL(request.url).pathname.endsWith("/configurations")
      if (isMaking) made.push(`${((await request.clone().json()) as Configuration).metadata.name} by ${identity}`)
      return apiFetch(request)
    }
    const world = { client: createClient({ fetch }), clock: systemClock, random: systemRandom, log: silentLog }
    undo.use(await electController({ ...world, identity, gateways: [] }))
  }
  const deploy = async (prefix: string): Promise<string[]> => {
    const names = Array.from({ length: 16 }, (_, at) => `${prefix}-${at}`)
    const spec = { template: { spec: { containers: [{ name: "user-container", image: "127.0.0.1:1/none" }] } } }
    for (const name of names) await client.create(Service, { metadata: { name, namespace }, spec })
    const configured = async () =>
      (await client.list(Configuration, { namespace })).items.map((each) => each.metadata.name)
    await expect.poll(configured, { timeout: 10_000 }).toEqual(expect.arrayContaining(names))
    return names
  }
  const holders = async (): Promise<string[]> => {
    const { items } = await client.list(Lease, { namespace: systemNamespace })
    const buckets = items.filter(({ metadata }) => metadata.name.startsWith("controller-bucket-"))
    expect(buckets.map(({ metadata }) => metadata.name)).not.toContain("controller-bucket-04-of-04")
    return buckets.map(({ spec }) => spec?.holderIdentity ?? "").sort()
  }

  await Promise.all([start("a"), start("f")])
  await expect.poll(holders).toEqual(["a", "a", "f", "f"])
  const first = await deploy("first")
  const byA = made.filter((each) => each.endsWith(" by a"))
  expect(byA.length).toBeGreaterThan(0)
  expect(byA.length).toBeLessThan(first.length)

  dead.add("f")
  const second = await deploy("second")
  expect(made).toEqual(expect.arrayContaining(second.map((each) => `${each} by a`)))
})
