import { generateKeyPairSync } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { SignJWT } from "jose/jwt/sign"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openPki } from "#pki"
import { type Ran, runKubectl } from "../testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"
import type { TrustOptions } from "./trust.ts"

/** An issuer as a server of its own, over TLS with an authority of its own, and a real kubectl with its tokens. */
const running = new AsyncDisposableStack()
const keys = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
}
let silent = false
let issuer = ""
let trust: TrustOptions
let api: SecureTestApi

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), "wick-issuer-"))
  running.defer(() => rm(directory, { recursive: true, force: true }))
  const common = { clock: systemClock, random: seededRandom(1), log: silentLog }
  const pki = await openPki({ ...common, directory, serverNames: ["127.0.0.1"], clusterDomain: "c.local" })
  const server = createServer(
    { key: pki.serving.privateKeyPem, cert: pki.serving.certificatePem },
    ({ url }, answer) => {
      if (silent) return
      const jwks = Object.entries(keys).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid }))
      const discovery = { issuer, jwks_uri: `${issuer}/keys` }
      answer.end(JSON.stringify(url === "/keys" ? { keys: jwks } : discovery))
    },
  )
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  running.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  trust = {
    configuration: {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: { url: issuer, audiences: ["wick"], certificateAuthority: pki.authorityPem },
          claimMappings: {
            username: { claim: "sub", prefix: "id:" },
            groups: { expression: "claims.roles.map(role, 'id:' + role)" },
          },
        },
      ],
    },
  }
  api = running.use(await startSecureTestApi(silentLog, trust))
})
afterAll(() => running.disposeAsync())

function token(alg: keyof typeof keys): Promise<string> {
  return new SignJWT({ roles: ["dev"] })
    .setProtectedHeader({ alg, kid: alg })
    .setIssuer(issuer)
    .setAudience("wick")
    .setSubject("ann")
    .setExpirationTime("1h")
    .sign(keys[alg].privateKey)
}

/** As somebody who has no more than a token: no certificate of the administrator's goes along. */
function kubectl(at: SecureTestApi, words: string, shown: string): Promise<Ran> {
  const flags = `--kubeconfig=/dev/null --server=${at.url} --certificate-authority=${join(at.directory, "pki/ca.crt")}`
  return runKubectl(at, `${words} ${flags} --token=${shown}`)
}

describe("a token of an issuer that the server trusts", () => {
  it.each(["RS256", "ES256"] as const)("signed by %s says who kubectl is", async (algorithm) => {
    const { out, err } = await kubectl(api, "auth whoami -o json", await token(algorithm))
    expect(err).toBe("")
    const who = { username: "id:ann", groups: ["id:dev", "system:authenticated"] }
    expect(JSON.parse(out).status.userInfo).toMatchObject(who)
  })

  it("has the rights that its groups were given", async () => {
    const shown = await token("ES256")
    expect((await kubectl(api, "get secrets -n default", shown)).err).toContain('User "id:ann" cannot list')
    await runKubectl(api, "create clusterrolebinding devs --clusterrole=view --group=id:dev")
    expect(await kubectl(api, "get configmaps -n default", shown)).toMatchObject({ code: 0 })
  })

  it("is told of in a TokenReview, for the API server's own audience alone", async () => {
    const shown = await token("ES256")
    const review = async (audiences: string[]) => {
      const head = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview" }
      const input = JSON.stringify({ ...head, spec: { token: shown, audiences } })
      return JSON.parse((await runKubectl(api, "create -o json -f -", { input })).out).status
    }
    expect(await review([])).toMatchObject({ authenticated: true, user: { username: "id:ann" } })
    expect(await review(["wick"])).toMatchObject({ authenticated: false })
  })

  it("waits for an issuer that says nothing, while everybody else is answered", async () => {
    await using other = await startSecureTestApi(silentLog, trust)
    silent = true
    let settled = false
    const waiting = token("ES256").then((shown) => kubectl(other, "get configmaps", shown))
    void waiting.then(() => {
      settled = true
    })
    expect(await runKubectl(other, "get configmaps")).toMatchObject({ code: 0 })
    expect(settled).toBe(false)
    expect((await waiting).err).toContain("Unauthorized")
  })
})
