import { X509Certificate } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runAsUser, startTestControlPlane } from "../../testing/control-plane.ts"
import { ownDirectory } from "../../testing/own-directory.ts"

/** The whole control plane, real keys and requests made by openssl, and a real kubectl. */
const running = new AsyncDisposableStack()
let directory = ""

beforeAll(async () => {
  directory = await ownDirectory(running, "certificates")
  running.use(await startTestControlPlane(directory))
})
afterAll(() => running.disposeAsync())

const run = (program: string, words: readonly string[], input = ""): Promise<string> =>
  runAsUser(directory, program, words, input)
const kubectl = (command: string, input = ""): Promise<string> => run("kubectl", command.split(" "), input)
const clientSigner = "kubernetes.io/kube-apiserver-client"

/** A key in `name.key`, and the object that asks for its certificate. */
async function request(name: string, subject: string, spec: object = {}, algorithm = "ec"): Promise<string> {
  const key = algorithm === "ec" ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["-newkey", algorithm]
  const pem = await run("openssl", ["req", "-new", ...key, "-nodes", "-keyout", `${name}.key`, "-subj", subject])
  return JSON.stringify({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: { request: btoa(`${pem}\n`), signerName: clientSigner, usages: ["client auth"], ...spec },
  })
}
async function issued(name: string): Promise<X509Certificate> {
  await kubectl(`wait --for=jsonpath={.status.certificate} csr/${name} --timeout=60s`)
  const pem = atob(await kubectl(`get csr ${name} -o jsonpath={.status.certificate}`))
  await writeFile(join(directory, `${name}.crt`), pem)
  return new X509Certificate(pem)
}

describe("a user's certificate", () => {
  it.each(["ec", "rsa:2048"])("is asked for, approved, issued and known, with a key of %s", async (algorithm) => {
    const name = `jo-${algorithm.slice(0, 2)}`
    const file = await request(name, "/O=dev/O=ops/CN=jo", { expirationSeconds: 3_600 }, algorithm)
    await kubectl("create -f -", file)
    expect(await kubectl(`get csr ${name} --no-headers`)).toMatch(
      /kube-apiserver-client +kubernetes-admin +60m +Pending$/,
    )
    expect(await kubectl(`certificate approve ${name}`)).toContain("approved")
    const certificate = await issued(name)
    expect(await kubectl(`get csr ${name} --no-headers`)).toMatch(/ Approved,Issued$/)
    expect(certificate.ca).toBe(false)
    expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThanOrEqual(3_600_000)

    const own = join(directory, `${name}.kubeconfig`)
    await writeFile(own, await readFile(join(directory, "kubeconfig"), "utf8"))
    await kubectl(
      `--kubeconfig ${own} config set-credentials jo --client-certificate=${name}.crt --client-key=${name}.key`,
    )
    await kubectl(`--kubeconfig ${own} config set-context --current --user=jo`)
    const who = JSON.parse(await kubectl(`--kubeconfig ${own} auth whoami -o json`)).status.userInfo
    expect(who).toMatchObject({ username: "jo", groups: ["dev", "ops", "system:authenticated"] })
    await expect(kubectl(`--kubeconfig ${own} get pods`)).rejects.toThrow('User "jo" cannot list resource "pods"')
  })

  it("is not issued when it is denied, and a denial stays", async () => {
    await kubectl("create -f -", await request("denied", "/CN=eve"))
    await kubectl("certificate deny denied")
    expect(await kubectl("get csr denied --no-headers")).toMatch(/ Denied$/)
    await expect(kubectl("certificate approve denied")).rejects.toThrow("is already Denied")
    expect(await kubectl("get csr denied -o jsonpath={.status.certificate}")).toBe("")
  })

  it("makes nobody a master", async () => {
    await expect(kubectl("create -f -", await request("master", "/O=system:masters/CN=eve"))).rejects.toThrow(
      `use of ${clientSigner} signer with system:masters group is not allowed`,
    )
  })

  it("is approved only by those who may do so for its signer", async () => {
    await kubectl("create -f -", await request("asked", "/CN=mo"))
    const part = "certificatesigningrequests/approval,certificatesigningrequests"
    await kubectl(`create clusterrole csr-editor --verb=get,update --resource=${part}`)
    await kubectl("create clusterrolebinding csr-editor --clusterrole=csr-editor --user=clerk")
    await expect(kubectl("certificate approve asked --as=clerk")).rejects.toThrow(
      `user not permitted to approve requests with signerName "${clientSigner}"`,
    )
    const approver = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "approver" },
      rules: [
        {
          verbs: ["approve"],
          apiGroups: ["certificates.k8s.io"],
          resources: ["signers"],
          resourceNames: ["kubernetes.io/*"],
        },
      ],
    }
    await kubectl("create -f -", JSON.stringify(approver))
    await kubectl("create clusterrolebinding approver --clusterrole=approver --user=clerk")
    expect(await kubectl("certificate approve asked --as=clerk")).toContain("approved")
    await issued("asked")
  })

  it("is refused where the request cannot be read, and never asks in another's name", async () => {
    const broken = JSON.parse(await request("broken", "/CN=jo"))
    broken.spec.request = btoa("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    await expect(kubectl("create -f -", JSON.stringify(broken))).rejects.toThrow(
      'spec.request: Invalid value: "<request>": PEM block type must be CERTIFICATE REQUEST',
    )
    await kubectl("create -f -", await request("claims", "/CN=jo", { username: "somebody", groups: ["else"] }))
    expect(await kubectl("get csr claims -o jsonpath={.spec.username}")).toBe("kubernetes-admin")
    expect(await kubectl("get csr claims -o jsonpath={.spec.groups}")).toContain("system:masters")
  })
})

describe("a node's certificate", () => {
  const asNode = "--as=system:node:one --as-group=system:nodes --as-group=system:authenticated"
  it("as a client is approved and issued when the node asks for itself", async () => {
    const usages = ["digital signature", "client auth"]
    const spec = { signerName: `${clientSigner}-kubelet`, usages }
    await kubectl(`create -f - ${asNode}`, await request("node-one", "/O=system:nodes/CN=system:node:one", spec))
    expect((await issued("node-one")).subject).toBe("O=system:nodes\nCN=system:node:one")
    await kubectl(`create -f - ${asNode}`, await request("node-two", "/O=system:nodes/CN=system:node:two", spec))
    expect(await kubectl("get csr node-two --no-headers")).toMatch(/ Pending$/)
  })

  it("as a server waits for an approval, and fails when it is not fit for one", async () => {
    const spec = { signerName: "kubernetes.io/kubelet-serving", usages: ["digital signature", "server auth"] }
    await kubectl(`create -f - ${asNode}`, await request("serving", "/O=system:nodes/CN=system:node:one", spec))
    await kubectl("certificate approve serving")
    await kubectl("wait --for=condition=Failed csr/serving --timeout=60s")
    expect(await kubectl("get csr serving -o jsonpath={.status.conditions[1].message}")).toBe(
      "DNS or IP subjectAltName is required",
    )
  })
})
