import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { type Client, createClient } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import {
  type ExtensionServer,
  group,
  registration,
  root,
  startExtensionServer,
  version,
} from "../testing/extension-server.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"

const name = `${version}.${group}`
const undo = new AsyncDisposableStack()
let api: SecureTestApi
let client: Client
let wardle: ExtensionServer

beforeAll(async () => {
  api = undo.use(await startSecureTestApi())
  client = createClient({ fetch: api.fetch })
  wardle = undo.use(await startExtensionServer(api))
  const { namespace, service, slice, apiService } = registration(api, wardle)
  await client.create(Namespace, namespace as never)
  await client.create(Service, service as never)
  await client.create(EndpointSlice, slice as never)
  await client.create(APIService, apiService as never)
  await condition("Passed")
})
afterAll(() => undo.disposeAsync())

async function condition(reason: string): Promise<string> {
  const signal = AbortSignal.timeout(60_000)
  for await (const { object } of client.watch(APIService, { fieldSelector: `metadata.name=${name}`, signal })) {
    const found = (object as APIService).status?.conditions?.find(({ type }) => type === "Available")
    if (found?.reason === reason) return found.message ?? ""
  }
  throw new Error(`never: ${reason}`)
}

const patch = (spec: object): Promise<unknown> => client.patch(APIService, { name }, { type: "merge", body: { spec } })

async function ask(path = `${root}/flunders`): Promise<[status: number, text: string]> {
  const response = await api.fetch(new Request(`https://api${path}`))
  return [response.status, await response.text()]
}

async function freshness(): Promise<unknown> {
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
  const response = await api.fetch(new Request("https://api/apis", { headers: { accept } }))
  const { items } = (await response.json()) as { items: { metadata: { name: string }; versions: object[] }[] }
  const [found] = items.find(({ metadata }) => metadata.name === group)?.versions ?? []
  return found && { ...found, resources: (found as { resources: object[] }).resources.length }
}

describe("an extension server", () => {
  it("that is not well is not asked, and what it served is shown as stale", async () => {
    wardle.status = 500
    await patch({ versionPriority: 16 })
    expect(await condition("FailedDiscoveryCheck")).toBe(
      `failing or missing response from https://wardle.shop.svc:443${root}: bad status from https://wardle.shop.svc:443${root}: 500`,
    )
    expect(await ask()).toEqual([503, "service unavailable\n"])
    expect(await freshness()).toMatchObject({ freshness: "Stale", resources: 1 })
  })

  it("that is not available is counted, and so is why", async () => {
    const [, text] = await ask("/metrics")
    expect(text).toContain(`aggregator_unavailable_apiservice{name="${name}"} 1`)
    expect(text).toContain('aggregator_unavailable_apiservice{name="v1.apps"} 0')
    const why = `{name="${name}",reason="FailedDiscoveryCheck"}`
    expect(text).toMatch(new RegExp(`^aggregator_unavailable_apiservice_total${why} [1-9]`, "m"))
  })

  it("that is well again is found so without a change of any object", async () => {
    wardle.status = 0
    await condition("Passed")
    expect((await ask())[0]).toBe(200)
    expect(await freshness()).toMatchObject({ freshness: "Current" })
  })

  it("whose certificate is another's is not believed, unless verification is skipped", async () => {
    await patch({ caBundle: Buffer.from(api.pki.frontProxy.authorityPem).toString("base64") })
    expect(await condition("FailedDiscoveryCheck")).toMatch(/unable to verify the first certificate/)
    await patch({ caBundle: null, insecureSkipTLSVerify: true })
    await condition("Passed")
    await patch({ caBundle: Buffer.from(api.pki.authorityPem).toString("base64"), insecureSkipTLSVerify: null })
    await condition("Passed")
  })

  it("whose authority is no certificate is not believed, whatever is asked of it", async () => {
    await patch({ caBundle: Buffer.from("no certificate").toString("base64") })
    expect(await condition("FailedDiscoveryCheck")).toMatch(/^failing or missing response from /)
    const garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    await patch({ caBundle: Buffer.from(garbled).toString("base64") })
    const conditions = [{ type: "Available", status: "True" as const, reason: "Passed", message: "" }]
    const found = await client.get(APIService, { name })
    await client.updateStatus(APIService, { ...found, status: { conditions } })
    expect((await ask())[0]).toBe(503)
    await patch({ caBundle: Buffer.from(api.pki.authorityPem).toString("base64") })
    await condition("Passed")
  })

  it("of a port that its Service does not have is nowhere", async () => {
    await patch({ service: { port: 8080 } })
    expect(await condition("ServicePortError")).toBe(`service/wardle in "shop" is not listening on port 8080`)
    await patch({ service: { port: 443 } })
    await condition("Passed")
  })

  it("without a ready endpoint is unavailable until one is ready", async () => {
    const slice = { name: "wardle", namespace: "shop" }
    const set = async (ready: boolean): Promise<void> => {
      const endpoints = [{ addresses: [wardle.address], conditions: { ready } }]
      await client.patch(EndpointSlice, slice, { type: "merge", body: { endpoints } })
    }
    await set(false)
    expect(await condition("MissingEndpoints")).toBe(
      `endpointslices for service/wardle in "shop" have no addresses with port name "https"`,
    )
    await set(true)
    await condition("Passed")
  })

  it("that has closed a connection which we kept is asked again on a new one", async () => {
    expect((await ask())[0]).toBe(200)
    wardle.closeIdle()
    expect((await ask())[0]).toBe(200)
  })

  it("that ended is found out by the first request that it does not answer", async () => {
    await wardle[Symbol.asyncDispose]()
    const [status, text] = await ask()
    expect(status).toBe(503)
    expect(text).toMatch(/^error trying to reach service: .*ECONNREFUSED/)
    await condition("FailedDiscoveryCheck")
  })

  it("that is registered no more leaves nothing behind", async () => {
    await client.delete(APIService, { name })
    expect((await ask())[0]).toBe(404)
    expect((await ask(root))[0]).toBe(404)
    expect(await freshness()).toBeUndefined()
  })
})
