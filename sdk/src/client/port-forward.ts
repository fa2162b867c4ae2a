import type { WebSocket } from "ws"
import type { KindReference } from "../api/kind.ts"
import { assert } from "../assert.ts"
import type { Client, Reference } from "./client.ts"
import { resourcePath } from "./path.ts"

/** A connection to a port of a pod. */
export interface PortConnection {
  /** Ends with the connection to the server, which may not tell that the pod has closed its side. */
  readonly readable: ReadableStream<Uint8Array>
  /** Closing it closes the connection: the protocol knows no half of one. */
  readonly writable: WritableStream<Uint8Array>
}

const pods: KindReference = {
  group: "",
  version: "v1",
  apiVersion: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
}
/** Two channels a port: its bytes, and what went wrong. Each begins with a message that repeats the port. */
const protocols = ["v4.channel.k8s.io"]
const data = 0
const failure = 1
/** Bytes that may lie here unread before the connection is paused. */
const unreadBytesMax = 1024 * 1024

/** Opens a connection to a port of a pod, through the API server. */
export async function forwardPort(
  client: Client,
  reference: Reference,
  port: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<PortConnection> {
  assert(Number.isInteger(port) && port > 0 && port < 65_536, `${port} is a port`)
  const path = `${resourcePath(pods, { ...reference, subresource: "portforward" })}?ports=${port}&port=${port}`
  const socket = await client.openWebSocket(path, protocols, options.signal)
  return { readable: incoming(socket, port), writable: outgoing(socket) }
}

function incoming(socket: WebSocket, port: number): ReadableStream<Uint8Array> {
  const begun = new Set<number>()
  let over = false
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const end = (error?: Error): void => {
          if (over) return
          over = true
          if (error) controller.error(error)
          else controller.close()
          socket.close()
        }
        socket.on("message", (message: Buffer) => {
          const channel = message[0] ?? 0
          const bytes = message.subarray(1)
          if (!begun.has(channel)) begun.add(channel)
          else if (channel === failure && bytes.length > 0) end(new Error(`port ${port}: ${bytes.toString().trim()}`))
          else if (channel === data && !over && bytes.length > 0) {
            controller.enqueue(bytes)
            if ((controller.desiredSize ?? 1) <= 0) socket.pause()
          }
        })
        socket.on("close", () => end())
        socket.resume()
      },
      pull: () => socket.resume(),
      cancel: () => {
        over = true
        socket.close()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: unreadBytesMax }),
  )
}

function outgoing(socket: WebSocket): WritableStream<Uint8Array> {
  return new WritableStream({
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.send(Buffer.concat([Buffer.from([data]), bytes]), (error) => (error ? reject(error) : resolve()))
      }),
    close: () => socket.close(),
    abort: () => socket.close(),
  })
}
