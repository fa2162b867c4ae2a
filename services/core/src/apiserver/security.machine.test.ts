import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { kubeconfigText } from "#pki"
import { type Ran, type RunOptions, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await put("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => api[Symbol.asyncDispose]())

async function put(path: string, object: object): Promise<void> {
  const body = JSON.stringify(object)
  const headers = { "content-type": "application/json" }
  const response = await api.fetch(new Request(`https://x${path}`, { method: "POST", body, headers }))
  expect(response.status, await response.clone().text()).toBe(201)
}

/** By default as the administrator. */
const kubectl = (command: string, options?: RunOptions): Promise<Ran> => runKubectl(api, command, options)

/** A kubeconfig for another user. */
async function kubeconfigOf(name: string, user: Parameters<typeof kubeconfigText>[0]["user"]): Promise<string> {
  const path = join(api.directory, `kubeconfig-${name}`)
  const options = { cluster: "wick", server: api.url, authorityPem: api.pki.authorityPem, user }
  await writeFile(path, kubeconfigText(options), { mode: 0o600 })
  return path
}

describe("kubectl as the administrator", () => {
  it("is known by its certificate", async () => {
    const { out } = await kubectl("auth whoami -o json")
    expect(JSON.parse(out).status.userInfo).toEqual({
      username: "kubernetes-admin",
      groups: ["system:masters", "system:authenticated"],
    })
  })

  it("may do everything", async () => {
    expect(await kubectl("auth can-i * *")).toMatchObject({ code: 0, out: "yes" })
    expect((await kubectl("get namespaces -o name")).out.split("\n")).toEqual(
      ["default", "kube-node-lease", "kube-public", "kube-system"].map((name) => `namespace/${name}`),
    )
  })

  it("is kept from breaking the cluster", async () => {
    expect((await kubectl("delete namespace kube-system")).err).toContain(
      'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    )
    expect((await kubectl("create configmap x -n nowhere")).err).toContain('namespaces "nowhere" not found')
  })

  it("makes a pod that has an account and a token", async () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image: "x" }] },
    }
    expect(await kubectl("apply -f -", { input: JSON.stringify(pod) })).toMatchObject({ code: 0 })
    const { spec } = JSON.parse((await kubectl("get pod web -o json")).out)
    expect(spec.serviceAccountName).toBe("default")
    expect(spec.volumes[0].projected.sources[0]).toEqual({
      serviceAccountToken: { expirationSeconds: 3607, path: "token" },
    })
  })

  it("can look through another's eyes", async () => {
    expect(await kubectl("auth can-i list pods --as jo")).toMatchObject({ code: 1, out: "no" })
    expect((await kubectl("get pods --as jo")).err).toBe(
      'Error from server (Forbidden): pods is forbidden: User "jo" cannot list resource "pods" in API group "" in the namespace "default"',
    )
  })
})

describe("kubectl as somebody else", () => {
  let jo: string

  beforeAll(async () => {
    const credential = await api.pki.issueClient("jo", ["dev"])
    jo = await kubeconfigOf("jo", { name: "jo", credential })
  })

  it("is known, but may do nothing", async () => {
    expect(JSON.parse((await kubectl("auth whoami -o json", { kubeconfig: jo })).out).status.userInfo).toEqual({
      username: "jo",
      groups: ["dev", "system:authenticated"],
    })
    expect((await kubectl("get deployments -A", { kubeconfig: jo })).err).toBe(
      'Error from server (Forbidden): deployments.apps is forbidden: User "jo" cannot list resource "deployments" in API group "apps" at the cluster scope',
    )
    expect((await kubectl("get --raw /metrics", { kubeconfig: jo })).err).toContain(
      'User "jo" cannot get path "/metrics"',
    )
  })

  it("may what a binding gives, from the moment on when it is there", async () => {
    await kubectl("create rolebinding jo-edits --clusterrole=edit --user=jo")
    expect(await kubectl("auth can-i create pods", { kubeconfig: jo })).toMatchObject({ code: 0, out: "yes" })
    expect(await kubectl("auth can-i create pods -n kube-system", { kubeconfig: jo })).toMatchObject({ code: 1 })
    expect((await kubectl("get pods -o name", { kubeconfig: jo })).out).toBe("pod/web")
    expect((await kubectl("auth can-i --list", { kubeconfig: jo })).out).toMatch(/pods\/exec/)
    expect((await kubectl("create role r --verb=get --resource=secrets", { kubeconfig: jo })).err).toContain(
      'cannot create resource "roles" in API group "rbac.authorization.k8s.io"',
    )
  })

  it("cannot hand on more than the binding gives", async () => {
    await kubectl("create rolebinding jo-admin --clusterrole=admin --user=jo")
    expect(await kubectl("create role r --verb=get --resource=secrets", { kubeconfig: jo })).toMatchObject({ code: 0 })
    const { err } = await kubectl("create role escape --verb=get --resource=nodes", { kubeconfig: jo })
    expect(err).toContain("is attempting to grant RBAC permissions not currently held:")
    expect(err).toContain('{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}')
  })

  it("with a service account's token is that account, as long as it lives", async () => {
    await kubectl("create serviceaccount robot")
    const { out: token } = await kubectl("create token robot --duration=10m")
    const robot = await kubeconfigOf("robot", { name: "robot", token })
    const { username, groups } = JSON.parse((await kubectl("auth whoami -o json", { kubeconfig: robot })).out).status
      .userInfo
    expect(username).toBe("system:serviceaccount:default:robot")
    expect(groups).toEqual(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"])
    await kubectl("delete serviceaccount robot")
    expect((await kubectl("get pods", { kubeconfig: robot })).err).toContain("Unauthorized")
  })

  it("with a token that is none is nobody", async () => {
    const stranger = await kubeconfigOf("stranger", { name: "stranger", token: "abc" })
    const { err } = await kubectl("get pods", { kubeconfig: stranger })
    expect(err).toContain("You must be logged in to the server")
  })
})
