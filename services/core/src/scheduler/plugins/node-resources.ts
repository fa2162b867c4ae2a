import { type NodeState, spreadOf } from "../snapshot.ts"
import { type Filter, fits, type Score } from "./plugin.ts"

/** What the pod asks for must be left on the node. What it does not ask for is not looked at. */
export const nodeResources: Filter = ({ requests }, node) => {
  const { allocatable, requested } = node
  const lacking: string[] = []
  const room = (name: string, asked: number, has: number, taken: number): void => {
    if (asked > 0 && asked > has - taken) lacking.push(`Insufficient ${name}`)
  }
  if (node.podCount + 1 > node.podsMax) lacking.push("Too many pods")
  room("cpu", requests.cpu, allocatable.cpu, requested.cpu)
  room("memory", requests.memory, allocatable.memory, requested.memory)
  room("ephemeral-storage", requests.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage)
  for (const [name, asked] of Object.entries(requests.extended)) {
    room(name, asked, allocatable.extended[name] ?? 0, requested.extended[name] ?? 0)
  }
  return lacking.length === 0 ? fits : lacking
}

/** The more is left after the pod, the better: pods spread over the nodes. */
export const leastAllocated: Score = (needs, node) => {
  const { cpu, memory } = sharesAfter(spreadOf(needs.requests), node)
  return 100 * (1 - (cpu + memory) / 2)
}

/** The more alike the shares of CPU and memory in use, the better: no node runs out of one with plenty of the other. */
export const balancedAllocation: Score = (needs, node) => {
  const { cpu, memory } = sharesAfter(spreadOf(needs.requests), node)
  return 100 * (1 - Math.abs(cpu - memory) / 2)
}

function sharesAfter(asked: { cpu: number; memory: number }, node: NodeState): { cpu: number; memory: number } {
  const share = (amount: number, whole: number): number => (whole > 0 ? Math.min(1, amount / whole) : 1)
  return {
    cpu: share(node.spread.cpu + asked.cpu, node.allocatable.cpu),
    memory: share(node.spread.memory + asked.memory, node.allocatable.memory),
  }
}
