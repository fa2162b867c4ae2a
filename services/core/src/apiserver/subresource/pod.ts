import type { AnyObject } from "@wick/sdk/api/kind"
import { type Status, StatusError } from "@wick/sdk/api/meta/status-error"
import { decodeBody } from "../decode-body.ts"
import type { NodeConnection } from "../node-proxy.ts"
import { parseObject } from "../object-bytes.ts"
import { type RequestContext, timestamp } from "../request-context.ts"
import { jsonResponse } from "../respond.ts"
import { modify } from "../verbs/update.ts"

interface PodView {
  spec: { nodeName?: string; containers: { name: string }[] }
  status?: { phase?: string; conditions?: { type: string }[] }
}

/** `pods/binding`: puts a pod on a node, once. */
export async function bindPod(context: RequestContext): Promise<Response> {
  const body = (await decodeBody(context.request)) as {
    target?: { name?: string }
    metadata?: { uid?: string; annotations?: object }
  }
  const node = body?.target?.name
  if (!node) throw new StatusError("Invalid", `Binding "${context.info.name}" is invalid: target.name: Required value`)
  await modify(context, (live) => bound(context, live, node, body.metadata?.uid))
  return jsonResponse({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }, 201)
}

function bound(context: RequestContext, live: AnyObject, node: string, uid: string | undefined): AnyObject {
  const pod = live as unknown as PodView
  const { name } = context.info
  const refuse = (why: string): never => {
    throw new StatusError("Conflict", `Operation cannot be fulfilled on pods/binding "${name}": ${why}`, {
      name,
      kind: "pods/binding",
      causes: [],
    })
  }
  if (uid !== undefined && uid !== live.metadata.uid) refuse(`pod ${name} is another pod by now`)
  if (live.metadata.deletionTimestamp) refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName) refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
  pod.spec.nodeName = node
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(context.server),
  }
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== "PodScheduled")
  pod.status = { ...pod.status, conditions: [...others, scheduled] }
  return live
}

/** Where a pod's kubelet is, and the kubelet's own path for a subresource of it. */
export async function kubeletTarget(context: RequestContext): Promise<{ node: NodeConnection; path: string }> {
  const { server, resource, info } = context
  const pod = parseObject((await server.store.get(resource, info.namespace, info.name)).bytes) as unknown as PodView
  const { nodeName } = pod.spec
  if (!nodeName) throw new StatusError("BadRequest", `pod ${info.name} does not have a host assigned`)
  const node = server.nodeProxy(nodeName)
  if (!node) throw new StatusError("ServiceUnavailable", `node ${nodeName} cannot be reached`)
  return { node, path: pathOf(context, pod) }
}

const kubeletPaths: Record<string, string> = {
  log: "containerLogs",
  exec: "exec",
  attach: "attach",
  portforward: "portForward",
}

function pathOf({ info }: RequestContext, pod: PodView): string {
  const query = new URLSearchParams(info.query)
  const container = query.get("container") ?? pod.spec.containers[0]?.name ?? ""
  if (!query.has("container") && pod.spec.containers.length > 1 && info.subresource !== "portforward") {
    const names = pod.spec.containers.map(({ name }) => name).join(" ")
    throw new StatusError(
      "BadRequest",
      `a container name must be specified for pod ${info.name}, choose one of: [${names}]`,
    )
  }
  query.delete("container")
  const base = `/${kubeletPaths[info.subresource]}/${info.namespace}/${info.name}`
  return `${base}${info.subresource === "portforward" ? "" : `/${container}`}?${query}`
}

/** `pods/log`: streamed from the kubelet as it comes. */
export async function podLog(context: RequestContext): Promise<Response> {
  const { node, path } = await kubeletTarget(context)
  const answer = await node.fetch(new Request(`http://kubelet${path}`, { signal: context.request.signal }))
  if (answer.ok) return new Response(answer.body, { headers: { "content-type": "text/plain" } })
  throw refusalOf(answer.status, (await answer.text()).trim())
}

/** A kubelet's no: ours answers with a Status, others in plain words. */
function refusalOf(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text) as Partial<Status> | null
    if (status?.kind === "Status") return StatusError.from(status, code)
  } catch {
    // Plain words.
  }
  return new StatusError(code === 404 ? "NotFound" : "BadRequest", text)
}
