import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { type Client, createClient, type FetchWrapper } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers, type Informers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { until } from "../testing/cluster.ts"
import { startServiceAccounts } from "./reconcile.ts"

const namespace = "shop"
const isOf = (request: Request, method: string, plural: string): boolean =>
  request.method === method && new URL(request.url).pathname.endsWith(`/${namespace}/${plural}`)

/** The controller alone; `through` stands between it and the API. */
async function start(
  through: (client: Client) => FetchWrapper,
): Promise<AsyncDisposable & { informers: Informers; client: Client }> {
  const running = new AsyncDisposableStack()
  const { client, server } = running.use(await startTestApi())
  const fetch = through(client)(server.fetchAs({ name: "system:controllers", groups: ["system:masters"] }))
  const own = createClient({ fetch })
  const informers = running.use(createInformers(own, systemClock, silentLog))
  const context = {
    client: own,
    informers,
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    certificateAuthority: "ours",
  }
  running.use(startServiceAccounts(context))
  return { client, informers, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

it("a namespace gets its account though it was refused at first, as by a quota", async () => {
  let refusals = 0
  await using cluster = await start(() => (next) => (request) => {
    if (!isOf(request, "POST", "serviceaccounts") || refusals > 1) return next(request)
    refusals++
    return Promise.resolve(Response.json(new StatusError("Forbidden", "exceeded quota").toStatus(), { status: 403 }))
  })
  await cluster.client.create(Namespace, { metadata: { name: namespace } })
  await until(cluster.informers(ServiceAccount), (all) => all.some(({ metadata }) => metadata.namespace === namespace))
  expect(refusals).toBe(2)
})

it("a namespace's authority is ours though somebody else was faster to name another", async () => {
  const name = "kube-root-ca.crt"
  await using cluster = await start((client) => (next) => async (request) => {
    const metadata = { name, namespace }
    if (isOf(request, "POST", "configmaps")) await client.create(ConfigMap, { metadata, data: { "ca.crt": "theirs" } })
    return next(request)
  })
  await cluster.client.create(Namespace, { metadata: { name: namespace } })
  const maps = cluster.informers(ConfigMap, { fieldSelector: `metadata.name=${name}` })
  await until(maps, (all) =>
    all.some(({ metadata, data }) => metadata.namespace === namespace && data?.["ca.crt"] === "ours"),
  )
})
