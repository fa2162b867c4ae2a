import type { IncomingMessage } from "node:http"
import { connect } from "node:net"
import type { Duplex } from "node:stream"
import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import { newestAttempt, newestSandbox } from "../pod/observed.ts"
import type { PodFleet } from "../pod/pod-fleet.ts"
import { type Runtime, RuntimeError, type StreamRequest } from "../runtime/runtime.ts"

export interface UpgradeDeps {
  readonly fleet: PodFleet
  readonly runtime: Runtime
  readonly log: Log
}

/** Joins an upgraded connection with what the runtime has for it. */
export function upgradeStream(deps: UpgradeDeps, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  socket.on("error", () => socket.destroy())
  open(deps, request, socket, head).catch((error) => {
    const refusal =
      error instanceof StatusError
        ? error
        : new StatusError("InternalError", error instanceof RuntimeError ? error.message : "cannot open the stream")
    if (!(error instanceof StatusError)) deps.log.warn("cannot open a stream to a container", { error })
    refuse(socket, refusal)
  })
}

async function open(deps: UpgradeDeps, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const wanted = streamRequest(deps.fleet, new URL(request.url ?? "/", "http://node"))
  const target = await deps.runtime.openStream(wanted)
  if (target.kind === "server") return passOn(new URL(target.url), request, socket, head)
  const session = { target, wanted, log: deps.log }
  if (request.headers.upgrade?.toLowerCase() !== "websocket") {
    const { serveSpdySession } = await import("./spdy/session.ts")
    return serveSpdySession(session, request, socket, head)
  }
  const { asksForTunnel, serveTunnel } = await import("./spdy/tunnel.ts")
  if (asksForTunnel(session, request)) return serveTunnel(session, request, socket, head)
  const { serveSession } = await import("./session-socket.ts")
  serveSession(target, deps.log, request, socket, head)
}

/** To the runtime's streaming server, byte for byte, in SPDY or WebSocket. */
function passOn(url: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const upstream = connect({ host: url.hostname, port: Number(url.port) })
  const close = (): void => {
    upstream.destroy()
    socket.destroy()
  }
  upstream.on("error", close)
  socket.on("error", close)
  socket.on("close", () => upstream.destroy())
  upstream.on("close", () => socket.end())
  upstream.write(requestHead(request, url))
  if (head.length > 0) upstream.write(head)
  upstream.setNoDelay(true)
  socket.pipe(upstream)
  upstream.pipe(socket)
}

/** The client's own request line and headers, for another path and host. */
function requestHead(request: IncomingMessage, url: URL): string {
  const lines = [`${request.method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`]
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? ""
    // The runtime needs no credentials of ours, and knows itself by another name.
    if (!/^(host|authorization|cookie)$/i.test(name)) lines.push(`${name}: ${request.rawHeaders[index + 1]}`)
  }
  return `${lines.join("\r\n")}\r\n\r\n`
}

function streamRequest(fleet: PodFleet, url: URL): StreamRequest {
  const [verb, namespace = "", name = "", named = ""] = url.pathname.split("/").slice(1).map(decodeURIComponent)
  const worker = fleet.find(namespace, name)
  if (!worker) throw new StatusError("NotFound", `pod "${name}" not found on this node`)
  const { observed, pod } = worker.state
  const search = url.searchParams
  if (verb === "portForward") {
    const sandbox = newestSandbox(observed)
    if (!sandbox?.ready) throw new StatusError("BadRequest", `pod "${name}" is not running`)
    return { kind: "port-forward", sandboxId: sandbox.id, ports: portsOf(search) }
  }
  if (verb !== "exec" && verb !== "attach") throw new StatusError("NotFound", `the node has no ${url.pathname}`)
  const container = named || (pod.spec.containers[0]?.name ?? "")
  const record = newestAttempt(observed, container)
  if (record?.state !== "running") {
    throw new StatusError("BadRequest", `container ${container} of pod ${name} is not running`)
  }
  const tty = isSet(search, "tty")
  // A terminal has one stream for both.
  const streams = {
    tty,
    stdin: isSet(search, "stdin", "input"),
    stdout: isSet(search, "stdout", "output"),
    stderr: isSet(search, "stderr", "error") && !tty,
  }
  if (verb === "attach") return { kind: "attach", containerId: record.id, streams }
  return { kind: "exec", containerId: record.id, command: search.getAll("command"), streams }
}

/** Said by clients that speak WebSocket; those of SPDY say it in each stream. */
function portsOf(search: URLSearchParams): number[] {
  return [...search.getAll("port"), ...search.getAll("ports")].flatMap((text) => text.split(",")).map(Number)
}

function isSet(search: URLSearchParams, ...names: string[]): boolean {
  return names.some((name) => queryFlag(search, name))
}

function refuse(socket: Duplex, error: StatusError): void {
  const body = JSON.stringify(error.toStatus())
  const head = [
    `HTTP/1.1 ${error.code} ${error.reason}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`)
}
