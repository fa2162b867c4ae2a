import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createLocalJWKSet } from "jose/jwks/local"
import { jwtVerify } from "jose/jwt/verify"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { kubeconfigText } from "#pki"
import { type Ran, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await kubectl("create serviceaccount default")
})
afterAll(() => api[Symbol.asyncDispose]())

const kubectl = (command: string, kubeconfig?: string): Promise<Ran> =>
  runKubectl(api, command, kubeconfig === undefined ? {} : { kubeconfig })

async function withToken(name: string, token: string): Promise<string> {
  const path = join(api.directory, `kubeconfig-${name}`)
  const user = { name, token }
  await writeFile(path, kubeconfigText({ cluster: "wick", server: api.url, authorityPem: api.pki.authorityPem, user }))
  return path
}

async function whoami(kubeconfig: string, flags = ""): Promise<Record<string, unknown>> {
  const { out, err } = await kubectl(`auth whoami -o json${flags}`, kubeconfig)
  return out === "" ? { err } : JSON.parse(out).status.userInfo
}

describe("a token", () => {
  it("that is bound to a pod, a secret or a node dies with it", async () => {
    const spec = { containers: [{ name: "c", image: "x" }] }
    const objects = [
      { apiVersion: "v1", kind: "Pod", metadata: { name: "bound" }, spec },
      { apiVersion: "v1", kind: "Secret", metadata: { name: "bound" } },
      { apiVersion: "v1", kind: "Node", metadata: { name: "bound" } },
    ]
    for (const object of objects) {
      expect(await runKubectl(api, "apply -f -", { input: JSON.stringify(object) })).toMatchObject({ code: 0 })
      const made = await kubectl(`create token default --bound-object-kind ${object.kind} --bound-object-name bound`)
      const kubeconfig = await withToken(object.kind, made.out)
      expect(await whoami(kubeconfig)).toMatchObject({ username: "system:serviceaccount:default:default" })
      await kubectl(`delete ${object.kind} bound --grace-period=0 --force`)
      expect((await whoami(kubeconfig)).err, object.kind).toContain("Unauthorized")
    }
  })

  it("can be checked by anybody with the keys that the issuer publishes", async () => {
    const { out: token } = await kubectl("create token default --audience elsewhere")
    const issuer = JSON.parse((await kubectl("get --raw /.well-known/openid-configuration")).out)
    expect(issuer.jwks_uri).toBe(`${issuer.issuer}/openid/v1/jwks`)
    const jwks = JSON.parse((await kubectl("get --raw /openid/v1/jwks")).out)
    expect(Object.keys(jwks.keys[0])).not.toContain("d")
    const options = { issuer: issuer.issuer, audience: "elsewhere" }
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), options)
    expect(payload.sub).toBe("system:serviceaccount:default:default")
    const account = await withToken("account", (await kubectl("create token default")).out)
    expect((await kubectl("get --raw /openid/v1/jwks", account)).code).toBe(0)
  })

  it("of a bootstrap secret lets a machine in, until the secret is deleted", async () => {
    const data = ["token-id=07401b", "token-secret=f395accd246ae52d", "usage-bootstrap-authentication=true"]
    const literals = data.map((each) => `--from-literal=${each}`).join(" ")
    const flags = "-n kube-system --type bootstrap.kubernetes.io/token"
    await kubectl(`create secret generic bootstrap-token-07401b ${flags} ${literals}`)
    const machine = await withToken("machine", "07401b.f395accd246ae52d")
    expect(await whoami(machine)).toEqual({
      username: "system:bootstrap:07401b",
      groups: ["system:bootstrappers", "system:authenticated"],
    })
    await kubectl("delete secret bootstrap-token-07401b -n kube-system")
    expect((await whoami(machine)).err).toContain("Unauthorized")
  })
})

describe("impersonation", () => {
  it("of each part needs a right of its own", async () => {
    const robot = await withToken("robot", (await kubectl("create token default")).out)
    const subject = "--serviceaccount=default:default"
    await kubectl("create clusterrole as-jo --verb=impersonate --resource=users --resource-name=jo")
    await kubectl(`create clusterrolebinding as-jo --clusterrole=as-jo ${subject}`)
    expect(await whoami(robot, " --as jo")).toMatchObject({ username: "jo" })
    expect((await kubectl("get pods --as ann", robot)).err).toContain('cannot impersonate resource "users"')
    expect((await kubectl("get pods --as jo --as-group dev", robot)).err).toContain(
      'cannot impersonate resource "groups"',
    )
    expect((await kubectl("get pods --as jo --as-uid 7", robot)).err).toContain('cannot impersonate resource "uids"')
    await kubectl("create clusterrole as-dev --verb=impersonate --resource=groups --resource-name=dev")
    await kubectl(`create clusterrolebinding as-dev --clusterrole=as-dev ${subject}`)
    expect(await whoami(robot, " --as jo --as-group dev")).toMatchObject({ groups: ["dev", "system:authenticated"] })
  })
})
