/**
 * The kubelet's own door: HTTPS on the node's address, for those who ask nodes themselves and not through the API server:
 * metrics-server, Prometheus. Whoever comes is authenticated and authorized by the API server's reviews. Imported by the
 * agent.
 */
import type { Client } from "@wick/sdk/client"
import type { Log } from "@wick/sdk/log"
import { type Listener, listen, type NodeConnection, type Peer } from "#apiserver"
import type { Pki } from "#pki"
import { askedBy, callerOf, mayDo, nodeAction } from "./caller.ts"

export interface NodeDoorOptions {
  /** The node's address. */
  readonly host: string
  readonly nodeName: string
  readonly pki: Pick<Pki, "authorityPem" | "serve">
  /** As the node: it may ask for reviews. */
  readonly client: Client
  readonly log: Log
}

export interface NodeDoor extends AsyncDisposable {
  readonly port: number
  /** Lets in from now on. */
  open(kubelet: NodeConnection): void
}

/** Where everybody expects a kubelet. Another may be there already: then it is any free port, and the node says which. */
const usualPort = 10_250
const closeGraceMs = 500
/** Nobody is in a hurry to hear that they were too slow. */
const lateEveryMs = 60_000

export async function openNodeDoor(options: NodeDoorOptions): Promise<NodeDoor> {
  const guard = new NodeGuard(options)
  const listener = await listenAt(usualPort, options, guard).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error
    return listenAt(0, options, guard)
  })
  return {
    port: listener.port,
    open: (kubelet) => {
      guard.kubelet = kubelet
    },
    [Symbol.asyncDispose]: () => listener.close(closeGraceMs),
  }
}

async function listenAt(port: number, options: NodeDoorOptions, guard: NodeGuard): Promise<Listener> {
  const { host, nodeName, pki, log } = options
  return listen({
    host,
    port,
    serving: await pki.serve("kubelet", [host, nodeName]),
    authorityPem: pki.authorityPem,
    log,
    limits: { lateEveryMs },
    fetch: (request, peer) => guard.fetch(request, peer),
    upgrade: (request, socket, head, peer) => {
      void guard.refusal(askedBy(request), peer).then((refusal) => {
        if (!refusal && guard.kubelet) return guard.kubelet.upgrade(request, socket, head)
        const status = refusal?.status ?? 503
        socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`)
      })
    },
  })
}

class NodeGuard {
  kubelet: NodeConnection | undefined
  readonly #options: NodeDoorOptions

  constructor(options: NodeDoorOptions) {
    this.#options = options
  }

  async fetch(request: Request, peer: Peer): Promise<Response> {
    const url = new URL(request.url)
    const authorization = request.headers.get("authorization") ?? ""
    const refusal = await this.refusal({ method: request.method, path: url.pathname, authorization }, peer)
    if (refusal) return refusal
    if (!this.kubelet) return new Response("the node is starting\n", { status: 503 })
    return this.kubelet.fetch(new Request(`http://kubelet${url.pathname}${url.search}`, { signal: request.signal }))
  }

  /** Why somebody may not come in; undefined when they may. */
  async refusal(
    asked: { readonly method: string; readonly path: string; readonly authorization: string },
    peer: Peer,
  ): Promise<Response | undefined> {
    const { client, nodeName, log } = this.#options
    try {
      const user = await callerOf(client, asked.authorization, peer)
      if (!user) return new Response("Unauthorized", { status: 401 })
      const action = nodeAction(asked.method, asked.path)
      if (await mayDo(client, user, action, nodeName)) return undefined
      const { verb, subresource } = action
      const text = `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresource}])`
      return new Response(text, { status: 403 })
    } catch (error) {
      log.warn("cannot tell whether a request to the node is allowed", { error })
      return new Response("the API server does not answer\n", { status: 503 })
    }
  }
}
