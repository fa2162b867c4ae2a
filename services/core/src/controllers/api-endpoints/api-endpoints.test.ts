import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Node } from "@wick/sdk/api/core/node"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers, type Informers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { until } from "../testing/cluster.ts"
import { createNode } from "../testing/kubelet.ts"
import { type ApiServerAddress, apiEndpoints } from "./decide.ts"
import { startApiEndpoints } from "./reconcile.ts"

const namespace = "default"
const addresses = (slices: EndpointSlice[]): string =>
  slices
    .map((slice) => {
      const ips = slice.endpoints?.flatMap((endpoint) => endpoint.addresses).join(" ")
      return `${slice.metadata.name}: ${ips} :${slice.ports?.[0]?.port}`
    })
    .sort()
    .join(", ")

it("names every API server under the service kubernetes, and leaves out those whose node is gone", async () => {
  await using stack = new AsyncDisposableStack()
  const api = stack.use(await startTestApi())
  const { client } = api
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
  await client.create(Endpoints, { metadata: { name: "kubernetes", namespace }, subsets: [] })
  for (const name of ["a", "b"]) await createNode(client, name)
  let servers: ApiServerAddress[] = [
    { name: "a", ip: "10.0.0.1", port: 6443 },
    { name: "b", ip: "10.0.0.2", port: 6443 },
  ]
  let told = (): void => {}
  const user = { name: "system:kube-controller-manager", groups: ["system:masters"] }
  const acting = createClient({ fetch: api.server.fetchAs(user) })
  const informers: Informers = stack.use(createInformers(acting, systemClock, silentLog))
  const common = { informers, clock: systemClock, random: seededRandom(1), log: silentLog }
  const onChange = (listener: () => void) => {
    told = listener
    return () => {}
  }
  stack.use(startApiEndpoints({ ...common, client: acting }, { list: () => servers, onChange }))
  const slices = informers(EndpointSlice)
  await until(slices, (all) => addresses(all) === "kubernetes: 10.0.0.1 10.0.0.2 :6443")
  servers = [...servers, { name: "c", ip: "10.0.0.3", port: 7443 }]
  told()
  await until(
    slices,
    (all) => addresses(all) === "kubernetes-7443: 10.0.0.3 :7443, kubernetes: 10.0.0.1 10.0.0.2 :6443",
  )
  const gone = { status: { conditions: [{ type: "Ready", status: "Unknown" }] } }
  await client.patch(Node, { name: "a" }, { type: "strategic", body: gone }, { subresource: "status" })
  await until(slices, (all) => addresses(all) === "kubernetes-7443: 10.0.0.3 :7443, kubernetes: 10.0.0.2 :6443")
  const { subsets } = await client.get(Endpoints, { name: "kubernetes", namespace })
  expect(subsets?.map((subset) => subset.addresses?.map(({ ip }) => ip))).toEqual([["10.0.0.2"], ["10.0.0.3"]])
})

it("names all API servers when no node is known to live", () => {
  const unknown = { metadata: { name: "a" }, status: { conditions: [{ type: "Ready", status: "Unknown" }] } }
  const { slices } = apiEndpoints([{ name: "a", ip: "10.0.0.1", port: 6443 }], [unknown as unknown as Node])
  expect([...slices]).toEqual([["kubernetes", { addresses: ["10.0.0.1"], port: 6443 }]])
})
