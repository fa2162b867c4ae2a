import { join } from "node:path"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestIssuer, type TestIssuer } from "../testing/issuer.ts"
import { type Ran, runKubectl } from "../testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "../testing/start-secure.ts"
import type { TrustOptions } from "./trust.ts"

/** A real issuer, and a real kubectl with its tokens. */
const running = new AsyncDisposableStack()
let issuer: TestIssuer
let trust: TrustOptions
let api: SecureTestApi

beforeAll(async () => {
  issuer = running.use(await startTestIssuer())
  trust = {
    configuration: {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AuthenticationConfiguration",
      jwt: [
        {
          issuer: { url: issuer.url, audiences: ["wick"], certificateAuthority: issuer.authorityPem },
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

const token = (algorithm: "RS256" | "ES256"): Promise<string> => issuer.token(algorithm, "ann", { roles: ["dev"] })

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
    issuer.silent = true
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
