import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { nodeImage, parseImageReference, pushImage } from "@wick/sdk/oci"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

const directory = mkdtempSync(join(tmpdir(), "wick-extension-"))
let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
  const reference = parseImageReference("wardle", wick.registry)
  if (!reference) throw new Error("no image can be named in the registry")
  await pushImage(nodeImage({ directory: join(import.meta.dirname, "testing/wardle") }), reference)
  const file = (name: string): string => join(directory, name)
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file("tls.key")]
  const names = ["-subj", "/CN=wardle", "-addext", "subjectAltName=DNS:wardle.shop.svc"]
  execFileSync("openssl", ["req", "-x509", ...key, "-out", file("tls.crt"), ...names], { stdio: "ignore" })
  writeFileSync(file("all.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items: objects() }))
  await ok("apply", "-f", file("all.json"))
  await ok("wait", "apiservice/v1alpha1.wardle.example.com", "--for=condition=Available", "--timeout=60s")
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await wick?.[Symbol.asyncDispose]()
})

async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await wick.kubectl(...words)
  expect({ words, code, stderr }).toMatchObject({ words, code: 0 })
  return stdout.trim()
}

/** What the maker of an extension server would have people apply. */
function objects(): object[] {
  const read = (name: string): string => readFileSync(join(directory, name)).toString("base64")
  const metadata = { name: "wardle", namespace: "shop" }
  const rbac = "rbac.authorization.k8s.io"
  const subjects = [{ kind: "ServiceAccount", ...metadata }]
  const roleRef = (kind: string, name: string): object => ({ apiGroup: rbac, kind, name })
  const binding = (kind: string, name: string, namespace: object, ref: object): object => {
    return { apiVersion: `${rbac}/v1`, kind, metadata: { name, ...namespace }, subjects, roleRef: ref }
  }
  const nodes = [
    { verbs: ["get", "list"], apiGroups: [""], resources: ["nodes"] },
    { verbs: ["get"], apiGroups: [""], resources: ["nodes/metrics"] },
  ]
  const container = {
    name: "main",
    image: `${wick.registry}/wardle`,
    ports: [{ name: "https", containerPort: 8_443 }],
    volumeMounts: [{ name: "certs", mountPath: "/certs" }],
    readinessProbe: { tcpSocket: { port: "https" } },
  }
  const volumes = [{ name: "certs", secret: { secretName: "wardle" } }]
  const template = {
    metadata: { labels: { app: "wardle" } },
    spec: { serviceAccountName: "wardle", containers: [container], volumes },
  }
  const data = { "tls.crt": read("tls.crt"), "tls.key": read("tls.key") }
  const service = { name: "wardle", namespace: "shop" }
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/tls", data },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: "wardle" }, rules: nodes },
    binding("ClusterRoleBinding", "wardle", {}, roleRef("ClusterRole", "wardle")),
    binding("ClusterRoleBinding", "wardle-auth", {}, roleRef("ClusterRole", "system:auth-delegator")),
    binding(
      "RoleBinding",
      "wardle",
      { namespace: "kube-system" },
      roleRef("Role", "extension-apiserver-authentication-reader"),
    ),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector: { matchLabels: { app: "wardle" } }, template },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: "wardle" }, ports: [{ port: 443, targetPort: "https" }] },
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1alpha1.wardle.example.com" },
      spec: {
        group: "wardle.example.com",
        version: "v1alpha1",
        service,
        caBundle: data["tls.crt"],
        groupPriorityMinimum: 1_000,
        versionPriority: 15,
      },
    },
  ]
}

describe("an extension server in a pod", () => {
  it("answers for its group, knows who asks, and has learnt from the cluster all that it needs", async () => {
    const annotation = (name: string): Promise<string> =>
      ok("get", "flunders", "-n", "shop", "-o", `jsonpath={.items[0].metadata.annotations.${name}}`)
    expect(await annotation("user")).toBe("kubernetes-admin")
    expect(await annotation("figure")).toMatch(/^node_memory_working_set_bytes \d+ \d{13}$/)
  })

  it("is not asked by who may not", async () => {
    const { stderr } = await wick.kubectl("get", "flunders", "-n", "shop", "--as", "jo")
    expect(stderr).toContain('User "jo" cannot list resource "flunders" in API group "wardle.example.com"')
  })

  it("that is scaled to nothing is unavailable, and back as soon as a pod of it is ready", async () => {
    await ok("scale", "deployment/wardle", "-n", "shop", "--replicas=0")
    const service = "apiservice/v1alpha1.wardle.example.com"
    await ok("wait", service, "--for=condition=Available=False", "--timeout=60s")
    await expect.poll(() => ok("get", service, "--no-headers")).toContain("False (MissingEndpoints)")
    await ok("scale", "deployment/wardle", "-n", "shop", "--replicas=1")
    await ok("wait", service, "--for=condition=Available", "--timeout=60s")
    expect(await ok("get", "flunders", "-n", "shop", "-o", "name")).toBe("flunder.wardle.example.com/red")
  })

  it("goes with its registration, and its namespace after it", async () => {
    await ok("delete", "apiservice", "v1alpha1.wardle.example.com")
    expect((await wick.kubectl("get", "flunders", "-n", "shop")).stderr).toContain(
      "the server could not find the requested resource",
    )
    await ok("delete", "namespace", "shop", "--timeout=60s")
  })
})
