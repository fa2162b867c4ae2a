import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Service } from "@wick/sdk/api/serving/service"
import { afterAll, beforeAll, expect, it } from "vitest"
import { buildTestImages } from "./testing/images.ts"
import { porter, startTokenRegistry, type TokenRegistry } from "./testing/token-registry.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

const directory = mkdtempSync(join(tmpdir(), "wick-token-registry-"))
let registry: TokenRegistry
let wick: TestPlatform

beforeAll(async () => {
  registry = await startTokenRegistry(directory)
  wick = await startTestPlatform(["--registry-ca", registry.authorityFile])
  registry.standBefore(wick.registry)
  await buildTestImages(wick.registry)
})

afterAll(async () => {
  await wick?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

async function secret(name: string, password: string): Promise<void> {
  const login = [`--docker-username=${porter.username}`, `--docker-password=${password}`]
  const server = `--docker-server=https://${registry.address}`
  expect(await wick.kubectl("create", "secret", "docker-registry", name, server, ...login)).toMatchObject({ code: 0 })
}

async function create(name: string, spec: object): Promise<void> {
  const container = { image: `${registry.address}/echo` }
  await wick.client.create(Service, {
    metadata: { name, namespace: "default" },
    spec: { template: { spec: { ...spec, containers: [container] } } },
  } as never)
}

function ready(name: string, status: string) {
  return until(`${name} to be ready: ${status}`, async () => {
    const service = await wick.client.get(Service, { name, namespace: "default" })
    const condition = service.status?.conditions?.find(({ type }) => type === "Ready")
    if (status === "True" && condition?.status === "False") throw new Error(condition.message)
    return condition?.status === status && condition
  })
}

it("an image of a registry that asks for tokens is run with the pull secret of the function's spec", async () => {
  await secret("guest", porter.password)
  await create("guest", { imagePullSecrets: [{ name: "guest" }] })
  await ready("guest", "True")
  const revision = await wick.client.get(Revision, { name: "guest-00001", namespace: "default" })
  expect(revision.status?.containerStatuses?.[0]?.imageDigest).toMatch(
    new RegExp(`^${registry.address}/echo@sha256:[0-9a-f]{64}$`),
  )
  expect((await wick.call(`guest.default.${wick.domain}`)).status).toBe(200)
  // As a stranger first, then with a token: once for the digest, again for what is pulled.
  expect(registry.asked.filter((line) => line.startsWith("HEAD"))).toContain("HEAD /v2/echo/manifests/latest 401")
  expect(registry.asked).toContain("GET /token 200")
})

it("or of its service account", async () => {
  await wick.kubectl("create", "serviceaccount", "resident")
  const patch = JSON.stringify({ imagePullSecrets: [{ name: "guest" }] })
  await wick.kubectl("patch", "serviceaccount", "resident", "-p", patch)
  await create("resident", { serviceAccountName: "resident" })
  await ready("resident", "True")
})

it("with a wrong password, or none, the condition says which secret was refused", async () => {
  await secret("thief", "guessed")
  await create("thief", { imagePullSecrets: [{ name: "thief" }] })
  await create("stranger", {})
  const thief = await ready("thief", "False")
  expect(thief).toMatchObject({ reason: "RevisionFailed" })
  const image = `Unable to fetch image "${registry.address}/echo": HEAD https://${registry.address}/v2/echo/manifests/latest`
  expect(thief.message).toContain(
    `${image}: 401 Unauthorized: ${registry.address} refused the credentials of the secret "thief"`,
  )
  const stranger = await ready("stranger", "False")
  expect(stranger.message).toContain(`${registry.address} asks for credentials, and no imagePullSecret is for it`)
})
