import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Service } from "@wick/sdk/api/core/service"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { parseObject } from "../object-bytes.ts"
import type { RequestContext } from "../request-context.ts"
import { switched, switchOver } from "../switch-over.ts"

/** Where a proxied request goes: an address of the cluster network, or a node's kubelet. */
interface Target {
  readonly scheme: "http" | "https"
  readonly host: string
  readonly port: number
}

/** Headers that belong to one hop (RFC 9110 §7.6.1), and those by which the client has shown who it is. */
const notForwarded = [
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "authorization",
]
/** How long who is asked for another protocol may take to agree. */
const answerMsMax = 10_000

/**
 * `…/proxy/PATH` of a pod, a service or a node: the same request to the thing itself, for whoever can reach the API and
 * not the cluster's network. Names may carry a scheme and a port, by number or name: `https:web:metrics`.
 */
export async function proxyRequest(context: RequestContext): Promise<Response> {
  const { request, resource, info, server } = context
  const path = `/${info.subpath}${search(context)}`
  const headers = new Headers(request.headers)
  for (const name of notForwarded) headers.delete(name)
  const init = { method: request.method, headers, body: request.body, signal: request.signal, duplex: "half" as const }
  if (resource.plural === "nodes") {
    await server.store.get(resource, "", info.name)
    const node = server.nodeProxy(info.name)
    if (!node) throw new StatusError("ServiceUnavailable", `node ${info.name} cannot be reached`)
    return node.fetch(new Request(`http://kubelet${path}`, init))
  }
  const { scheme, host, port } = await targetOf(context)
  const answer = await fetch(`${scheme}://${host}:${port}${path}`, { ...init, redirect: "manual" }).catch(
    (error: Error & { cause?: Error }) => {
      const why = error.cause?.message ?? error.message
      throw new StatusError("ServiceUnavailable", `error trying to reach service: ${why}`)
    },
  )
  const answered = new Headers(answer.headers)
  // `fetch` has decoded the body, so what the origin said about its coding and length holds no more.
  for (const name of ["content-encoding", "content-length", ...notForwarded]) answered.delete(name)
  return new Response(answer.body, { status: answer.status, headers: answered })
}

/** A WebSocket, or any other upgrade, through `…/proxy/PATH`: the request as it came; once it is agreed to, bytes both ways. */
export async function proxyUpgrade(
  context: RequestContext,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { scheme, host, port } = await targetOf(context)
  const headers = ["host", `${host}:${port}`]
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = incoming.rawHeaders.slice(at, at + 2)
    if (!["host", "authorization"].includes(name.toLowerCase())) headers.push(name, value)
  }
  const { request } = await (scheme === "https" ? import("node:https") : import("node:http"))
  const path = `/${context.info.subpath}${search(context)}`
  const outgoing = request({ host, port, method: incoming.method, path, headers, timeout: answerMsMax, agent: false })
  socket.once("close", () => outgoing.destroy())
  outgoing.once("timeout", () => outgoing.destroy(new Error("it does not answer")))
  const answer = switched(outgoing.end()).catch((error: Error) => {
    throw new StatusError("ServiceUnavailable", `error trying to reach service: ${error.message}`)
  })
  await switchOver(socket, head, await answer)
}

function search({ info }: RequestContext): string {
  const text = info.query.toString()
  return text === "" ? "" : `?${text}`
}

async function targetOf(context: RequestContext): Promise<Target> {
  const { resource, info, server } = context
  const { scheme, name, port } = parseName(info.name)
  const object = parseObject((await server.store.get(resource, info.namespace, name)).bytes)
  if (resource.plural === "services") return { scheme, ...serviceTarget(object as unknown as Service, port) }
  return { scheme, ...podTarget(object as unknown as Pod, port) }
}

/** `web`, `web:8080`, `https:web:metrics`. */
function parseName(text: string): { scheme: "http" | "https"; name: string; port: string } {
  const parts = text.split(":")
  const [scheme, name, port] = parts.length === 3 ? parts : ["", ...parts]
  if (parts.length > 3 || !name || !["", "http", "https"].includes(scheme ?? "")) {
    throw new StatusError("BadRequest", `invalid proxy name ${JSON.stringify(text)}: want [http:|https:]NAME[:PORT]`)
  }
  return { scheme: scheme === "https" ? "https" : "http", name, port: port ?? "" }
}

function podTarget({ metadata, spec, status }: Pod, port: string): Omit<Target, "scheme"> {
  const host = status?.podIP
  if (!host) throw new StatusError("ServiceUnavailable", `pod ${metadata.name} has no address yet`)
  const ports = spec.containers.flatMap((container) => container.ports ?? [])
  const named = ports.find(({ name }) => name === port)?.containerPort
  const chosen = port === "" ? (ports[0]?.containerPort ?? 80) : (named ?? Number(port))
  return { host, port: checkedPort(chosen, `pod "${metadata.name}"`, port) }
}

function serviceTarget({ metadata, spec }: Service, port: string): Omit<Target, "scheme"> {
  const host = spec.clusterIP
  if (!host || host === "None") {
    throw new StatusError("ServiceUnavailable", `no endpoints available for service "${metadata.name}"`)
  }
  const ports = spec.ports ?? []
  const found = port === "" ? ports[0] : ports.find((each) => each.name === port || String(each.port) === port)
  return { host, port: checkedPort(found?.port, `service "${metadata.name}"`, port) }
}

function checkedPort(port: number | undefined, owner: string, asked: string): number {
  if (port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new StatusError("BadRequest", `no port ${JSON.stringify(asked)} found for ${owner}`)
}
