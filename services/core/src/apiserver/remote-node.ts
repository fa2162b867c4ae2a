import type { ClientRequest, IncomingMessage } from "node:http"
import { Agent, type RequestOptions, request } from "node:https"
import type { Duplex } from "node:stream"
import { Node } from "@wick/sdk/api/core/node"
import { isStatus, StatusError } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Pki } from "#pki"
import type { NodeProxy } from "./node-proxy.ts"
import { responseOf, switched, switchOver } from "./switch-over.ts"

export interface RemoteNodesOptions {
  readonly pki: Pick<Pki, "authorityPem" | "client">
  /** Knows where nodes are. */
  readonly client: Client
}

/** Who the API server is to the kubelets of other hosts, as kubeadm names it. */
const self = { file: "apiserver-kubelet-client", name: "kube-apiserver-kubelet-client", groups: ["system:masters"] }
/** A node that takes longer to answer is away: its pods' logs and shells are not to be had. */
const headMsMax = 10_000
/** Connections kept to one node although nobody uses them, and for how long. */
const idleConnectionsMax = 4
const idleMsMax = 30_000
/** Who the client is, the kubelet is not told: it believes this API server, which has judged. */
const notForwarded = /^(host|authorization|cookie)$/i

/**
 * Kubelets of other hosts, each at its node's own door, over TLS with the cluster's authority at both ends. Where a node
 * is, is looked up at each request: it may have moved, and of those that nobody asks for nothing is kept.
 */
export async function remoteNodes({ pki, client }: RemoteNodesOptions): Promise<NodeProxy> {
  const { certificatePem: cert, privateKeyPem: key } = await pki.client(self.file, self.name, self.groups)
  const agent = new Agent({ keepAlive: true, maxFreeSockets: idleConnectionsMax, timeout: idleMsMax })
  const sent = async (node: string, more: RequestOptions): Promise<ClientRequest> => {
    const place = await placeOf(client, node)
    const outgoing = request({ ...place, ca: pki.authorityPem, cert, key, timeout: headMsMax, ...more })
    outgoing.once("timeout", () => outgoing.destroy(new Error(`nothing came within ${headMsMax / 1000} s`)))
    return outgoing.end()
  }
  return (node) => ({
    fetch: async ({ url, method, signal }) => {
      const { pathname, search } = new URL(url)
      const outgoing = await sent(node, { agent, method, path: `${pathname}${search}`, signal })
      return new Promise((resolve, reject) => {
        outgoing.once("response", (answer) => {
          // What follows the head may take as long as it likes: a log that is followed.
          outgoing.removeAllListeners("timeout")
          resolve(responseOf(answer))
        })
        outgoing.on("error", (error) => reject(signal.aborted ? signal.reason : away(node, error)))
      })
    },
    upgrade: (incoming, socket, head) => {
      socket.on("error", () => socket.destroy())
      const { method, url } = incoming
      sent(node, { agent: false, method, path: url, headers: forwarded(incoming, node) })
        .then((outgoing) => join(outgoing, node, socket, head))
        .catch((error: unknown) => refuse(socket, error))
    },
  })
}

async function join(outgoing: ClientRequest, node: string, socket: Duplex, head: Buffer): Promise<void> {
  socket.once("close", () => outgoing.destroy())
  const answer = await switched(outgoing).catch((error: Error) => {
    throw away(node, error)
  })
  await switchOver(socket, head, answer)
}

/** Address and port of a node's door. */
async function placeOf(client: Client, name: string): Promise<{ host: string; port: number }> {
  const node = await client.get(Node, { name }).catch((error: unknown) => {
    throw isStatus(error, "NotFound") ? away(name, new Error("there is no such node")) : error
  })
  const { addresses = [], daemonEndpoints } = node.status ?? {}
  const host = addresses.find(({ type }) => type === "InternalIP")?.address
  const port = daemonEndpoints?.kubeletEndpoint?.Port
  if (!host || !port) throw away(name, new Error("it does not say where its kubelet is"))
  return { host, port }
}

function away(node: string, error: Error): StatusError {
  return new StatusError("ServiceUnavailable", `node ${node} cannot be reached: ${error.message}`)
}

function forwarded({ rawHeaders }: IncomingMessage, node: string): string[] {
  const headers = ["host", node]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2)
    if (!notForwarded.test(name)) headers.push(name, value)
  }
  return headers
}

function refuse(socket: Duplex, error: unknown): void {
  const status =
    error instanceof StatusError ? error : new StatusError("InternalError", "cannot open a stream to the node")
  const body = JSON.stringify(status.toStatus())
  const head = [
    `HTTP/1.1 ${status.code} ${status.reason}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`)
}
