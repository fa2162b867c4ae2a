/**
 * An extension API server as others write them, in a pod: it learns from the cluster whom to believe, asks the cluster
 * what a user may do, and looks at the nodes' own figures as metrics-server does.
 */
import { readFileSync } from "node:fs"
import { createServer, request } from "node:https"

const account = "/var/run/secrets/kubernetes.io/serviceaccount"
const token = readFileSync(`${account}/token`, "utf8")
const ca = readFileSync(`${account}/ca.crt`)
const group = "wardle.example.com"
const root = `/apis/${group}/v1alpha1`

interface Asked {
  readonly host?: string
  readonly port?: number
  readonly body?: object
}

function ask(path: string, { host = "kubernetes.default.svc", port = 443, body }: Asked = {}): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  return new Promise((resolve, reject) => {
    const method = body ? "POST" : "GET"
    const sent = request({ host, port, path, method, ca, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")))
    })
    sent.on("error", reject).end(body && JSON.stringify(body))
  })
}

async function mayList(user: string, groups: string[], namespace: string): Promise<boolean> {
  const resourceAttributes = { verb: "list", group, resource: "flunders", namespace }
  const body = { kind: "SubjectAccessReview", spec: { user, groups, resourceAttributes } }
  const answer = await ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", { body })
  return JSON.parse(answer).status.allowed
}

/** The first of the nodes' own figures. */
async function figure(): Promise<string> {
  const { addresses, daemonEndpoints } = JSON.parse(await ask("/api/v1/nodes")).items[0].status
  const { address } = addresses.find(({ type }: { type: string }) => type === "InternalIP")
  const text = await ask("/metrics/resource", { host: address, port: daemonEndpoints.kubeletEndpoint.Port })
  return text.split("\n").find((line) => line.startsWith("node_memory_working_set_bytes")) ?? text
}

const trusted = JSON.parse(
  await ask("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"),
).data
const options = {
  cert: readFileSync("/certs/tls.crt"),
  key: readFileSync("/certs/tls.key"),
  ca: trusted["requestheader-client-ca-file"],
  requestCert: true,
  rejectUnauthorized: true,
}
const list = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${group}/v1alpha1`,
  resources: [{ name: "flunders", singularName: "flunder", namespaced: true, kind: "Flunder", verbs: ["get", "list"] }],
}

createServer(options, async ({ url = "", headers }, response) => {
  const answer = (status: number, value: object): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
  }
  const { pathname } = new URL(url, "https://wardle")
  if (pathname === root) return answer(200, list)
  const [, namespace = ""] = /\/namespaces\/([^/]+)\/flunders$/.exec(pathname) ?? []
  const user = String(headers["x-remote-user"])
  const groups = String(headers["x-remote-group"]).split(", ")
  if (!(await mayList(user, groups, namespace))) return answer(403, { kind: "Status", code: 403, message: "no" })
  const metadata = { name: "red", namespace, annotations: { user, figure: await figure() } }
  const items = [{ apiVersion: `${group}/v1alpha1`, kind: "Flunder", metadata }]
  return answer(200, { apiVersion: `${group}/v1alpha1`, kind: "FlunderList", metadata: {}, items })
}).listen(8_443)
