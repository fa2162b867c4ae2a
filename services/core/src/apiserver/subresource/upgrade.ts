import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { RequestContext } from "../request-context.ts"
import { kubeletTarget } from "./pod.ts"
import { proxyUpgrade } from "./proxy.ts"

const ofPods = new Set(["exec", "attach", "portforward", "log"])

/** Hands a connection that asks for an upgrade to who answers it: the pod's kubelet, or what a proxy path names. */
export async function upgradeResource(
  context: RequestContext,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { info, resource } = context
  if (info.subresource === "proxy" && resource.plural !== "nodes") {
    return proxyUpgrade(context, incoming, socket, head)
  }
  if (resource.plural !== "pods" || !ofPods.has(info.subresource)) {
    throw new StatusError("NotFound", "the server could not find the requested resource")
  }
  const { node, path } = await kubeletTarget(context)
  incoming.url = path
  node.upgrade(incoming, socket, head)
}
