import { once } from "node:events"
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { networkInterfaces } from "node:os"
import type { Duplex } from "node:stream"
import { finished } from "node:stream"
import type { TLSSocket } from "node:tls"
import type { SecureTestApi } from "./start-secure.ts"

/** An API server of somebody else: `flunders` of wardle.example.com/v1alpha1, for whoever the front proxy says asks. */
export interface ExtensionServer extends AsyncDisposable {
  /** Address and port, for an EndpointSlice. */
  readonly address: string
  readonly port: number
  readonly seen: Seen[]
  /** What it was asked to speak another protocol for. */
  readonly upgraded: string[]
  /** Its objects, all in one namespace. */
  readonly names: Set<string>
  /** Sends a line to everybody who watches. */
  tell(event: object): void
  /** Closes the connections on which nothing is asked now. */
  closeIdle(): void
  /** The number of requests that are being answered. */
  readonly open: number
  /** Resolves when nobody asks any more. */
  quiet(): Promise<void>
  /** What it answers in place of everything. */
  status: number
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export const group = "wardle.example.com"
export const version = "v1alpha1"
export const root = `/apis/${group}/${version}`

const resources = [
  {
    name: "flunders",
    singularName: "flunder",
    namespaced: true,
    kind: "Flunder",
    shortNames: ["fl"],
    verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
  },
  { name: "flunders/status", singularName: "", namespaced: true, kind: "Flunder", verbs: ["get", "patch", "update"] },
]

const schema = {
  type: "object",
  description: "A flunder.",
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { type: "object" },
    spec: { type: "object", properties: { size: { type: "integer" } } },
  },
  "x-kubernetes-group-version-kind": [{ group, version, kind: "Flunder" }],
}
const openapiPath = `${root}/namespaces/{namespace}/flunders`
const documents: Readonly<Record<string, object>> = {
  [root]: { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/${version}`, resources },
  "/openapi/v3": {
    paths: { [root.slice(1)]: { serverRelativeURL: `/openapi/v3${root}?hash=ABC` } },
  },
  [`/openapi/v3${root}`]: {
    openapi: "3.0.0",
    info: { title: "wardle", version: "0" },
    paths: {
      [openapiPath]: {
        post: {
          "x-kubernetes-action": "post",
          "x-kubernetes-group-version-kind": { group, version, kind: "Flunder" },
          responses: { 200: { description: "OK" } },
        },
      },
    },
    components: { schemas: { "com.example.wardle.v1alpha1.Flunder": schema } },
  },
  "/openapi/v2": {
    swagger: "2.0",
    info: { title: "wardle", version: "0" },
    paths: { [`${openapiPath}/{name}`]: { get: { responses: { 200: { description: "OK" } } } }, "/apis/": {} },
    definitions: { "com.example.wardle.v1alpha1.Flunder": schema },
  },
}

const flunder = (name: string, namespace: string): object => ({
  apiVersion: `${group}/${version}`,
  kind: "Flunder",
  metadata: { name, namespace, uid: `uid-of-${name}`, resourceVersion: "7" },
  spec: { size: 3 },
})

/** Believes who asks only of who shows a certificate of the front proxy's authority, which it reads as all do. */
export async function startExtensionServer(api: SecureTestApi, namespace = "shop"): Promise<ExtensionServer> {
  const trusted = await authentication(api)
  const serving = await api.pki.serve("wardle", ["wardle.shop.svc"])
  const seen: Seen[] = []
  const watches = new Set<ServerResponse>()
  const open = new Set<ServerResponse>()
  let settled = (): void => {}
  const state = { status: 0 }
  const names = new Set(["red", "blue"])
  const tell = (event: object): void => {
    for (const watch of watches) watch.write(`${JSON.stringify(event)}\n`)
  }
  const server = createServer(
    {
      cert: serving.certificatePem,
      key: serving.privateKeyPem,
      ca: trusted["requestheader-client-ca-file"] ?? "",
      requestCert: true,
      rejectUnauthorized: true,
    },
    async (request, response) => {
      open.add(response)
      finished(response, () => {
        open.delete(response)
        watches.delete(response)
        if (open.size === 0) settled()
      })
      if (request.url?.endsWith("/echo")) return void request.pipe(response)
      const body = await bodyOf(request)
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body })
      if (!isFrontProxy(request, trusted)) return answer(response, 401, { message: "who are you?" })
      if (state.status !== 0) return answer(response, state.status, {})
      const url = new URL(request.url ?? "/", "https://wardle")
      if (url.searchParams.get("watch") === "true") {
        response.writeHead(200, { "content-type": "application/json" }).flushHeaders()
        watches.add(response)
        return
      }
      if (request.method !== "DELETE") return serve(request, response, url, body, { names, namespace })
      const name = url.pathname.slice(url.pathname.lastIndexOf("/") + 1)
      for (const gone of name === "flunders" ? [...names] : [name]) {
        if (names.delete(gone)) tell({ type: "DELETED", object: flunder(gone, namespace) })
      }
      answer(response, 200, { kind: "Status", apiVersion: "v1", status: "Success" })
    },
  )
  const upgraded: string[] = []
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    upgraded.push(request.url ?? "")
    upgrade(request, socket, trusted)
  })
  server.listen(0, "0.0.0.0")
  await once(server, "listening")
  return {
    address: ownAddress(),
    port: (server.address() as AddressInfo).port,
    seen,
    upgraded,
    names,
    tell,
    closeIdle: () => server.closeIdleConnections(),
    get open() {
      return open.size
    },
    quiet: () =>
      open.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            settled = resolve
          }),
    get status() {
      return state.status
    },
    set status(code) {
      state.status = code
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, "close")
    },
  }
}

async function authentication(api: SecureTestApi): Promise<Record<string, string>> {
  const path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
  const answered = await api.fetch(new Request(`https://api${path}`))
  return ((await answered.json()) as { data: Record<string, string> }).data
}

function isFrontProxy(request: IncomingMessage, trusted: Record<string, string>): boolean {
  const allowed = JSON.parse(trusted["requestheader-allowed-names"] ?? "[]") as string[]
  return allowed.includes(String((request.socket as TLSSocket).getPeerCertificate()?.subject?.CN))
}

function serve(request: IncomingMessage, response: ServerResponse, url: URL, body: string, held: Held): void {
  const [, name] = /\/flunders(?:\/([^/]+))?$/.exec(url.pathname) ?? []
  if (name === "elsewhere") {
    response.writeHead(302, { location: "https://elsewhere.example.com/" }).end()
    return
  }
  if (name === "broken") {
    response.writeHead(200, { "content-type": "application/json", "content-length": 100 })
    response.write("{", () => response.destroy())
    return
  }
  if (request.method === "POST") response.writeHead(201, { "content-type": "application/json" }).end(body)
  else answer(response, 200, documents[url.pathname] ?? found(request, url, name, held))
}

interface Held {
  readonly names: ReadonlySet<string>
  readonly namespace: string
}

function found(
  request: IncomingMessage,
  { pathname }: URL,
  name: string | undefined,
  { names, namespace }: Held,
): object {
  if (request.headers.accept?.includes("as=Table")) return table(namespace)
  if (name) return flunder(name, namespace)
  const isHere = !pathname.includes("/namespaces/") || pathname.includes(`/namespaces/${namespace}/`)
  const items = isHere ? [...names].map((each) => flunder(each, namespace)) : []
  return { apiVersion: `${group}/${version}`, kind: "FlunderList", metadata: { resourceVersion: "7" }, items }
}

function table(namespace: string): object {
  const columnDefinitions = [
    { name: "Name", type: "string", format: "name", description: "", priority: 0 },
    { name: "Size", type: "integer", format: "", description: "", priority: 0 },
  ]
  const rows = ["red", "blue"].map((name) => ({ cells: [name, 3], object: flunder(name, namespace) }))
  return { kind: "Table", apiVersion: "meta.k8s.io/v1", metadata: {}, columnDefinitions, rows }
}

function upgrade(request: IncomingMessage, socket: Duplex, trusted: Record<string, string>): void {
  socket.on("error", () => socket.destroy())
  if (!isFrontProxy(request, trusted) || request.url?.endsWith("/refused")) {
    socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    return
  }
  const user = request.headers["x-remote-user"]
  socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n")
  socket.write(`hello ${user}\n`)
  socket.pipe(socket)
}

function answer(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

/** An EndpointSlice takes no address of the loopback network. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1"
}

/** The Service, its endpoints and the APIService by which the cluster finds the server. */
export function registration(
  api: SecureTestApi,
  { address, port }: Pick<ExtensionServer, "address" | "port">,
  spec: object = {},
): Record<"namespace" | "service" | "slice" | "apiService", Record<string, unknown>> {
  const labels = { "kubernetes.io/service-name": "wardle" }
  return {
    namespace: { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "wardle", namespace: "shop" },
      spec: { ports: [{ name: "https", port: 443, targetPort: 8443 }] },
    },
    slice: {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "wardle", namespace: "shop", labels },
      addressType: "IPv4",
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: "https", port, protocol: "TCP" }],
    },
    apiService: {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        service: { namespace: "shop", name: "wardle" },
        caBundle: Buffer.from(api.pki.authorityPem).toString("base64"),
        groupPriorityMinimum: 2_000,
        versionPriority: 15,
        ...spec,
      },
    },
  }
}
