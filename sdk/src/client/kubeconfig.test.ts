import { describe, expect, it } from "vitest"
import { inClusterConfig } from "./cluster-config.ts"
import { parseKubeconfig } from "./kubeconfig.ts"

const base64 = (text: string): string => Buffer.from(text).toString("base64")
const file = `
apiVersion: v1
kind: Config
current-context: home
contexts:
  - {name: home, context: {cluster: local, user: admin}}
  - {name: work, context: {cluster: remote, user: robot, namespace: team}}
  - {name: broken, context: {cluster: gone, user: admin}}
  - {name: cloud, context: {cluster: remote, user: cloud}}
clusters:
  - {name: local, cluster: {server: "https://127.0.0.1:6443/", certificate-authority-data: ${base64("the ca")}}}
  - {name: remote, cluster: {server: "https://k8s.example", certificate-authority: ca.pem, tls-server-name: api}}
users:
  - {name: admin, user: {client-certificate-data: ${base64("cert")}, client-key-data: ${base64("key")}}}
  - {name: robot, user: {tokenFile: /run/token}}
  - {name: cloud, user: {exec: {command: aws}}}
`

describe("a kubeconfig", () => {
  it("gives the current context's cluster and user", () => {
    expect(parseKubeconfig(file)).toEqual({
      server: "https://127.0.0.1:6443",
      namespace: "default",
      certificateAuthority: { kind: "inline", text: "the ca" },
      clientCertificate: { kind: "inline", text: "cert" },
      clientKey: { kind: "inline", text: "key" },
    })
  })

  it("may list all servers of a cluster in an extension, which others pass over", () => {
    const listed = file.replace(
      'server: "https://127.0.0.1:6443/"',
      'server: "https://a:1/", extensions: [{name: x}, {name: wick.dev/servers, extension: {servers: ["https://a:1", "https://b:2/"]}}]',
    )
    expect(parseKubeconfig(listed)).toMatchObject({ server: "https://a:1", servers: ["https://a:1", "https://b:2"] })
  })

  it("reads relative paths from its own folder", () => {
    expect(parseKubeconfig(file, { context: "work", directory: "/home/me/.kube" })).toEqual({
      server: "https://k8s.example",
      namespace: "team",
      certificateAuthority: { kind: "file", path: "/home/me/.kube/ca.pem" },
      tlsServerName: "api",
      token: { kind: "file", path: "/run/token" },
    })
  })

  it.each([
    { name: "a context that is not there", context: "nowhere", message: 'no context "nowhere"; it has: home, work' },
    { name: "a cluster that is not there", context: "broken", message: 'no cluster "gone"' },
    { name: "a way to sign in that is not known", context: "cloud", message: "signs in by exec" },
  ])("names $name", ({ context, message }) => {
    expect(() => parseKubeconfig(file, { context })).toThrow(message)
  })
})

describe("a pod's environment", () => {
  it("names the cluster that the pod runs in", () => {
    const config = inClusterConfig({ KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" })
    expect(config).toMatchObject({ server: "https://10.0.0.1:443", token: { kind: "file" } })
    expect(inClusterConfig({})).toBeUndefined()
  })
})
