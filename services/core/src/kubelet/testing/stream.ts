import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type Client, clusterFetch, createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import type { Kubelet } from "../kubelet.ts"

/** A client's end of an exec, attach or port-forward connection, as `kubectl` and the API server hold it. */
export interface Stream {
  /** What came on each channel: 1 is stdout (0 and 1 are data and errors of a forwarded port). */
  readonly channels: string[]
  send(channel: number, text: string): void
  close(): void
  readonly closed: Promise<unknown>
}

/** Opens a WebSocket to the kubelet; resolves when the runtime has taken it. */
export async function openStream(kubelet: Kubelet, path: string): Promise<Stream> {
  const server = createServer()
  server.on("upgrade", (request, socket, head) => kubelet.upgrade(request, socket, head))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ["v4.channel.k8s.io"])
  socket.binaryType = "arraybuffer"
  const channels = ["", "", "", ""]
  socket.onmessage = ({ data }) => {
    const bytes = Buffer.from(data as ArrayBuffer)
    channels[bytes[0] ?? 0] += bytes.subarray(1).toString("latin1")
  }
  const closed = new Promise((resolve) => {
    socket.onclose = resolve
  }).finally(() => server.close())
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => reject(new Error(`no stream to ${path}`))
  })
  return {
    channels,
    closed,
    send: (channel, text) => socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)])),
    close: () => socket.close(),
  }
}

const verbs: Record<string, string> = { exec: "exec", attach: "attach", portforward: "portForward" }
const podPath = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/(\w+)/

/** The sdk's client, whose sessions end at this kubelet: an API server would only pass them on. */
export async function sessionClient(kubelet: Kubelet): Promise<AsyncDisposable & { readonly client: Client }> {
  const server = createServer()
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url ?? "/", "http://kubelet")
    const [, namespace, pod, verb = ""] = podPath.exec(url.pathname) ?? []
    const container = verb === "portforward" ? "" : `/${url.searchParams.get("container")}`
    request.url = `/${verbs[verb]}/${namespace}/${pod}${container}${url.search.replace("ports=", "port=")}`
    kubelet.upgrade(request, socket, head)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { fetch, openWebSocket, ...connections } = await clusterFetch({ server: baseUrl, namespace: "" }, systemClock)
  return {
    client: createClient({ fetch, openWebSocket, baseUrl }),
    [Symbol.asyncDispose]: async () => {
      await connections[Symbol.asyncDispose]()
      server.close()
    },
  }
}
