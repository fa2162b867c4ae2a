import type { Node } from "@wick/sdk/api/core/node"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { AdmissionStep } from "./step.ts"

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" } as const

/** Nothing is scheduled to a new node before it has said that it is ready: its lifecycle takes the taint away then. */
export function createNodeTaint(): AdmissionStep {
  return {
    name: "TaintNodesByCondition",
    mutate: ({ operation, group, resource, subresource, object }) => {
      const isNewNode = operation === "CREATE" && group === "" && resource === "nodes" && subresource === ""
      return isNewNode && object ? tainted(object) : object
    },
  }
}

function tainted(object: AnyObject): AnyObject {
  const { taints = [] } = ((object as unknown as Node).spec ?? {}) as NonNullable<Node["spec"]>
  const isThere = taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)
  if (isThere) return object
  return { ...object, spec: { ...(object.spec as object | undefined), taints: [...taints, notReady] } }
}
