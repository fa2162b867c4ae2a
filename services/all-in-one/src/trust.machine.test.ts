import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { ControlPlane } from "@wick/core"
import { ownDirectory, startTestControlPlane, startTestIssuer, type TestIssuer } from "@wick/core/testing"
import { afterAll, beforeAll, expect, it } from "vitest"
import { readOptions } from "./options.ts"
import { run } from "./testing/run.ts"
import { trustOf } from "./trust.ts"

/** An issuer over TLS, control planes with the flags of a command line, and a real kubectl with nothing but a token. */
const running = new AsyncDisposableStack()
let directory = ""
let issuer: TestIssuer

beforeAll(async () => {
  directory = await ownDirectory(running, "flags")
  issuer = running.use(await startTestIssuer())
  await writeFile(join(directory, "issuer.crt"), issuer.authorityPem)
})
afterAll(() => running.disposeAsync())

async function start(name: string, ...flags: string[]): Promise<ControlPlane> {
  return running.use(
    await startTestControlPlane(join(directory, name), { trust: await trustOf(readOptions(flags, {})) }),
  )
}

/** Who kubectl is with a token, or why it is nobody. */
async function whoami(name: string, { url }: ControlPlane, token: string): Promise<object | string> {
  const authority = join(directory, name, "pki/ca.crt")
  const flags = ["--kubeconfig=/dev/null", `--server=${url}`, `--certificate-authority=${authority}`]
  const env = { PATH: process.env.PATH, HOME: directory }
  const { stdout, stderr } = await run("kubectl", ["auth", "whoami", "-o", "json", `--token=${token}`, ...flags], env)
  return stdout === "" ? stderr : JSON.parse(stdout).status.userInfo
}

it("the classic flags say whose tokens are believed", async () => {
  const ca = join(directory, "issuer.crt")
  const own = ["--oidc-issuer-url", issuer.url, "--oidc-client-id", "wick", "--oidc-ca-file", ca]
  const claims = ["--oidc-username-claim", "email", "--oidc-groups-claim", "groups", "--oidc-groups-prefix", "id:"]
  const plane = await start("classic", ...own, ...claims, "--oidc-required-claim", "tenant=a")
  const ann = { email: "ann@a.com", groups: ["dev"], tenant: "a" }
  expect(await whoami("classic", plane, await issuer.token("RS256", "7", ann))).toMatchObject({
    username: "ann@a.com",
    groups: ["id:dev", "system:authenticated"],
  })
  const other = await issuer.token("RS256", "7", { ...ann, tenant: "b" })
  expect(await whoami("classic", plane, other)).toContain("Unauthorized")
  expect(await whoami("classic", plane, await issuer.token("ES256", "7", ann))).toContain("Unauthorized")
})

it("the file is believed as it is now", async () => {
  const path = join(directory, "authentication.json")
  const write = (prefix: string): Promise<void> => {
    const { url, authorityPem: certificateAuthority } = issuer
    const claimMappings = { username: { claim: "sub", prefix } }
    const jwt = [{ issuer: { url, certificateAuthority, audiences: ["wick"] }, claimMappings }]
    const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" }
    return writeFile(path, JSON.stringify({ ...head, jwt }))
  }
  await write("one:")
  const plane = await start("file", "--authentication-config", path)
  const token = await issuer.token("ES256", "ann")
  expect(await whoami("file", plane, token)).toMatchObject({ username: "one:ann" })
  await write("two:")
  const now = (): Promise<object | string> => whoami("file", plane, token)
  await expect.poll(now).toMatchObject({ username: "two:ann" })
})
