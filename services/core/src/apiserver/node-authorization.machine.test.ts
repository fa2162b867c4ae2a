import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { kubeconfigText } from "#pki"
import { type Ran, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"

let api: SecureTestApi
let node: string

beforeAll(async () => {
  api = await startSecureTestApi()
  node = join(api.directory, "kubeconfig-node")
  const credential = await api.pki.issueClient("system:node:one", ["system:nodes"])
  const user = { name: "node", credential }
  await writeFile(node, kubeconfigText({ cluster: "wick", server: api.url, authorityPem: api.pki.authorityPem, user }))
  for (const command of [
    "create serviceaccount default",
    "create serviceaccount admin",
    "create secret generic db --from-literal=a=b",
    "create secret generic other --from-literal=a=b",
    "create configmap settings --from-literal=a=b",
  ])
    expect(await runKubectl(api, command)).toMatchObject({ code: 0 })
})
afterAll(() => api[Symbol.asyncDispose]())

const asNode = (command: string): Promise<Ran> => runKubectl(api, command, { kubeconfig: node })

async function run(name: string, nodeName: string): Promise<void> {
  const from = [{ secretRef: { name: "db" } }, { configMapRef: { name: "settings" } }]
  const spec = { nodeName, containers: [{ name: "c", image: "x", envFrom: from }] }
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec }
  expect(await runKubectl(api, "apply -f -", { input: JSON.stringify(pod) })).toMatchObject({ code: 0 })
}

describe("kubectl as a node", () => {
  it("reads a secret from the moment on when one of its pods names it, until that pod is gone", async () => {
    await run("elsewhere", "two")
    const refusal = 'secrets "db" is forbidden: User "system:node:one" cannot get resource "secrets"'
    expect((await asNode("get secret db")).err).toContain(refusal)
    await run("here", "one")
    expect((await asNode("get secret db -o name")).out).toBe("secret/db")
    expect((await asNode("get configmap settings -o name")).out).toBe("configmap/settings")
    expect((await asNode("get secrets --field-selector metadata.name=db -o name")).out).toBe("secret/db")
    expect((await asNode("get secret other")).err).toContain("forbidden")
    expect((await asNode("get secrets")).err).toContain("forbidden")
    await runKubectl(api, "delete pod here --grace-period=0 --force")
    expect((await asNode("get secret db")).err).toContain(refusal)
  })

  it("reads the secrets of volumes that its pods have claimed, and not those by which they are attached", async () => {
    const apply = async (object: object): Promise<void> => {
      const input = JSON.stringify({ apiVersion: "v1", ...object })
      expect(await runKubectl(api, "apply -f -", { input })).toMatchObject({ code: 0 })
    }
    for (const name of ["stage", "attach"]) await runKubectl(api, `create secret generic ${name} --from-literal=a=b`)
    const secret = (name: string) => ({ name, namespace: "default" })
    const csi = { driver: "d", volumeHandle: "h", nodeStageSecretRef: secret("stage") }
    const own = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], claimRef: secret("data") }
    const spec = { ...own, csi: { ...csi, controllerPublishSecretRef: secret("attach") } }
    await apply({ kind: "PersistentVolume", metadata: { name: "disk" }, spec })
    expect((await asNode("get secret stage")).err).toContain("forbidden")
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }]
    const pod = { nodeName: "one", containers: [{ name: "c", image: "x" }], volumes }
    await apply({ kind: "Pod", metadata: { name: "claims" }, spec: pod })
    expect((await asNode("get secret stage -o name")).out).toBe("secret/stage")
    expect((await asNode("get secret attach")).err).toContain("forbidden")
  })

  it("sees what is attached to it, and not what is to others", async () => {
    for (const nodeName of ["one", "two"]) {
      const spec = { attacher: "d", nodeName, source: { persistentVolumeName: "disk" } }
      const metadata = { name: `to-${nodeName}` }
      const object = { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment", metadata, spec }
      expect(await runKubectl(api, "apply -f -", { input: JSON.stringify(object) })).toMatchObject({ code: 0 })
    }
    expect((await asNode("get volumeattachment to-one -o name")).out).toContain("to-one")
    expect((await asNode("get volumeattachment to-two")).err).toContain("forbidden")
    expect((await asNode("get volumeattachments")).err).toContain("forbidden")
  })

  it("has tokens of the accounts of its pods, bound to them, and of no others", async () => {
    await run("bearer", "one")
    const bound = "--bound-object-kind Pod --bound-object-name bearer"
    expect((await asNode(`create token default ${bound}`)).out).toMatch(/^ey/)
    expect((await asNode(`create token admin ${bound}`)).err).toContain("forbidden")
  })

  it("does not write another node", async () => {
    const made = (name: string): string => JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name } })
    await runKubectl(api, "apply -f -", { input: made("two") })
    expect((await asNode("label node two a=b")).err).toContain('nodes "two" is forbidden')
    expect(await runKubectl(api, "create -f -", { kubeconfig: node, input: made("one") })).toMatchObject({ code: 0 })
    expect(await asNode("label node one a=b")).toMatchObject({ code: 0 })
  })
})
