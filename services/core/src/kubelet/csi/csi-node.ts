import { Node } from "@wick/sdk/api/core/node"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { CSINode } from "@wick/sdk/api/storage/csi-node"
import type { Client } from "@wick/sdk/client"
import { controllersAnnotation } from "./attachment-step.ts"
import { controllerCapability } from "./messages.ts"
import type { Driver } from "./plugin-registry.ts"

const idsAnnotation = "csi.volume.kubernetes.io/nodeid"

/** Tells the API which drivers run on a node, what they call it, and where it is for them. */
export async function writeDrivers(
  client: Client,
  nodeName: string,
  drivers: ReadonlyMap<string, Driver>,
): Promise<void> {
  const all = [...drivers.values()]
  const spec = { drivers: all.map(describe) }
  const attaching = all.filter(({ controller }) => controller.has(controllerCapability.attach))
  const controllers = attaching.length > 0 ? attaching.map(({ name }) => name).join(",") : null
  const metadata = { annotations: { [controllersAnnotation]: controllers } }
  try {
    await client.patch(CSINode, { name: nodeName }, { type: "merge", body: { metadata, spec } })
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error
    const { uid } = (await client.get(Node, { name: nodeName })).metadata
    const owner = { apiVersion: "v1", kind: "Node", name: nodeName, uid }
    const annotations = controllers === null ? {} : { [controllersAnnotation]: controllers }
    await client.create(CSINode, { metadata: { name: nodeName, annotations, ownerReferences: [owner] }, spec })
  }
  const ids = Object.fromEntries(all.map(({ name, node }) => [name, node.nodeId ?? ""]))
  const annotations = { [idsAnnotation]: all.length > 0 ? JSON.stringify(ids) : null }
  const labels = Object.assign({}, ...all.map(({ node }) => node.accessibleTopology?.segments ?? {}))
  await client.patch(Node, { name: nodeName }, { type: "merge", body: { metadata: { annotations, labels } } })
}

function describe({ name, node }: Driver) {
  const topologyKeys = Object.keys(node.accessibleTopology?.segments ?? {})
  return {
    name,
    nodeID: node.nodeId ?? "",
    ...(topologyKeys.length > 0 && { topologyKeys }),
    ...(node.maxVolumesPerNode && { allocatable: { count: node.maxVolumesPerNode } }),
  }
}
