import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { Fetch } from "@wick/sdk/client"

/** How the API server reaches the kubelet of a node, for logs and exec. */
export interface NodeConnection {
  readonly fetch: Fetch
  /** Hands over a connection that asked for an upgrade; the kubelet answers on the socket itself. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Undefined when the node is not known or not reachable. */
export type NodeProxy = (nodeName: string) => NodeConnection | undefined
