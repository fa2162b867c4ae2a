import type { Node } from "@wick/sdk/api/core/node"
import type { Pod } from "@wick/sdk/api/core/pod"
import { amounts, type HostPort, type PodNeeds, type Resources, subtract, sum } from "./pod-needs.ts"

/** A node and what its pods have taken of it. */
export interface NodeState {
  readonly name: string
  readonly node: Node
  readonly allocatable: Resources
  readonly podsMax: number
  readonly requested: Resources
  /** Like `requested`, where a pod that asks for nothing is counted for a little, so that such pods spread too. */
  readonly spread: Resources
  readonly podCount: number
  readonly hostPorts: readonly HostPort[]
  /** Size in bytes of each image that is on the node, by every name it has. */
  readonly images: ReadonlyMap<string, number>
}

/** What other pods mind of one that has a node: of the rest of it nothing is kept, for there may be many. */
export interface PlacedPod {
  readonly metadata: Pick<Pod["metadata"], "namespace" | "labels">
  /** Only of one that keeps others out. */
  readonly spec: Pick<Pod["spec"], "affinity">
}

/** What a placed pod has taken. */
type Taken = Pick<PodNeeds, "requests" | "hostPorts" | "claims" | "keepsOut">

/** What a pod that asks for nothing is counted for: a tenth of a CPU and 200 MiB, as Kubernetes does. */
const spreadDefaults = { cpu: 100, memory: 200 * 1024 * 1024 }
const podsMaxDefault = 110

/**
 * The cluster as the scheduler sees it: nodes, and pods that are on them or are assumed to be soon. Changed step by
 * step, so that scheduling many pods costs no rebuilding; nothing here waits or fails.
 */
export class Snapshot {
  readonly #nodes = new Map<string, NodeState>()
  /** Pods by uid, also those whose node is not known (yet). */
  readonly #placed = new Map<string, { nodeName: string; pod: PlacedPod; taken: Taken }>()

  /** Placed pods that keep others out. */
  #keepers = 0

  get isMinded(): boolean {
    return this.#keepers > 0
  }

  nodes(): Iterable<NodeState> {
    return this.#nodes.values()
  }

  get nodeCount(): number {
    return this.#nodes.size
  }

  /** Takes a node in, or its new state. Says whether anything changed that scheduling looks at. */
  setNode(node: Node): boolean {
    const before = this.#nodes.get(node.metadata.name)
    if (before && fingerprint(before.node) === fingerprint(node)) {
      this.#nodes.set(node.metadata.name, { ...before, node, images: imagesOf(node) })
      return false
    }
    const pods = [...this.#placed.values()].filter(({ nodeName }) => nodeName === node.metadata.name)
    const { pods: podsMax, ...allocatable } = node.status?.allocatable ?? {}
    const empty: NodeState = {
      name: node.metadata.name,
      node,
      allocatable: amounts(allocatable),
      podsMax: podsMax === undefined ? podsMaxDefault : Number(podsMax),
      requested: amounts(undefined),
      spread: amounts(undefined),
      podCount: 0,
      hostPorts: [],
      images: imagesOf(node),
    }
    this.#nodes.set(
      empty.name,
      pods.reduce((state, { taken }) => withPod(state, taken), empty),
    )
    return true
  }

  removeNode(name: string): void {
    this.#nodes.delete(name)
  }

  /** The pod is on the node, or will be. */
  place(uid: string, nodeName: string, needs: PodNeeds): void {
    const known = this.#placed.get(uid)
    if (known?.nodeName === nodeName) return
    if (known) this.lift(uid)
    this.#placed.set(uid, { nodeName, ...placedOf(needs) })
    if (needs.keepsOut) this.#keepers++
    const state = this.#nodes.get(nodeName)
    if (state) this.#nodes.set(nodeName, withPod(state, needs))
  }

  /** The pod takes nothing any more. Says whether it did. */
  lift(uid: string): boolean {
    const known = this.#placed.get(uid)
    if (!known) return false
    this.#placed.delete(uid)
    if (known.taken.keepsOut) this.#keepers--
    const state = this.#nodes.get(known.nodeName)
    if (state) this.#nodes.set(known.nodeName, withoutPod(state, known.taken))
    return true
  }

  /** Pods whose nodes are known. */
  placed(): { pod: PlacedPod; node: NodeState }[] {
    return [...this.#placed.values()].flatMap(({ nodeName, pod }) => {
      const node = this.#nodes.get(nodeName)
      return node ? [{ pod, node }] : []
    })
  }

  /** Node of a pod that uses the claim, `namespace/name`. */
  nodeOfClaim(key: string): string | undefined {
    for (const { nodeName, taken } of this.#placed.values()) if (taken.claims.includes(key)) return nodeName
    return undefined
  }

  /** Claims of the node's pods. */
  claimsOn(node: string): string[] {
    return [...this.#placed.values()].flatMap(({ nodeName, taken }) => (nodeName === node ? taken.claims : []))
  }

  nodeOf(uid: string): string | undefined {
    return this.#placed.get(uid)?.nodeName
  }
}

function placedOf({ pod, requests, hostPorts, claims, keepsOut }: PodNeeds): { pod: PlacedPod; taken: Taken } {
  const { namespace, labels } = pod.metadata
  const spec = keepsOut ? { affinity: pod.spec.affinity } : {}
  return { pod: { metadata: { namespace, labels }, spec }, taken: { requests, hostPorts, claims, keepsOut } }
}

function withPod(state: NodeState, needs: Taken): NodeState {
  return {
    ...state,
    requested: sum([state.requested, needs.requests]),
    spread: sum([state.spread, spreadOf(needs.requests)]),
    podCount: state.podCount + 1,
    hostPorts: needs.hostPorts.length === 0 ? state.hostPorts : [...state.hostPorts, ...needs.hostPorts],
  }
}

function withoutPod(state: NodeState, needs: Taken): NodeState {
  const hostPorts = [...state.hostPorts]
  for (const port of needs.hostPorts) {
    const index = hostPorts.findIndex((other) => samePort(other, port))
    if (index >= 0) hostPorts.splice(index, 1)
  }
  return {
    ...state,
    requested: subtract(state.requested, needs.requests),
    spread: subtract(state.spread, spreadOf(needs.requests)),
    podCount: state.podCount - 1,
    hostPorts,
  }
}

export function spreadOf(requests: Resources): Resources {
  return { ...requests, cpu: requests.cpu || spreadDefaults.cpu, memory: requests.memory || spreadDefaults.memory }
}

function samePort(one: HostPort, other: HostPort): boolean {
  return one.port === other.port && one.protocol === other.protocol && one.ip === other.ip
}

/** What scheduling looks at; heartbeats change none of it. */
function fingerprint({ metadata, spec, status }: Node): string {
  return JSON.stringify([metadata.labels, spec?.taints, spec?.unschedulable, status?.allocatable])
}

function imagesOf(node: Node): Map<string, number> {
  const images = new Map<string, number>()
  for (const { names = [], sizeBytes = 0 } of node.status?.images ?? []) {
    for (const name of names) images.set(name, sizeBytes)
  }
  return images
}
