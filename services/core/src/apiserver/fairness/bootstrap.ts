import type { UserInfo } from "../authentication/user.ts"
import type { Action } from "../authorization/rule.ts"

/** How much of the server a priority level may hold, and how its requests wait. */
export interface LevelSpec {
  readonly name: string
  /** Part of the server's seats, of the sum of all shares. */
  readonly shares: number
  /** Absent: what finds no seat is refused at once. */
  readonly queuing?: { readonly queues: number; readonly handSize: number; readonly lengthMax: number }
}

/** Which requests belong to a level, and which of them are one flow. The first that matches counts. */
export interface FlowSchemaSpec {
  readonly name: string
  /** `exempt` never waits. */
  readonly level: string
  matches(user: UserInfo, action: Action): boolean
}

export const exempt = "exempt"

/** Levels of a new Kubernetes cluster. */
export const levels: readonly LevelSpec[] = [
  { name: "system", shares: 30, queuing: { queues: 64, handSize: 6, lengthMax: 50 } },
  { name: "node-high", shares: 40, queuing: { queues: 64, handSize: 6, lengthMax: 50 } },
  { name: "leader-election", shares: 10, queuing: { queues: 16, handSize: 4, lengthMax: 50 } },
  { name: "workload-high", shares: 40, queuing: { queues: 128, handSize: 6, lengthMax: 50 } },
  { name: "workload-low", shares: 100, queuing: { queues: 128, handSize: 6, lengthMax: 50 } },
  { name: "global-default", shares: 20, queuing: { queues: 128, handSize: 6, lengthMax: 50 } },
  { name: "catch-all", shares: 5 },
]

const probes = ["/healthz", "/readyz", "/livez"]
const components = ["system:kube-controller-manager", "system:kube-scheduler"]
const systemAccounts = "system:serviceaccounts:kube-system"
const known = ["system:authenticated", "system:unauthenticated"]

/** Flow schemas of a new Kubernetes cluster, by precedence. */
export const flowSchemas: readonly FlowSchemaSpec[] = [
  { name: "exempt", level: exempt, matches: ({ groups }) => groups.includes("system:masters") },
  {
    name: "probes",
    level: exempt,
    matches: (_, action) => action.kind === "path" && probes.some((path) => action.path.startsWith(path)),
  },
  {
    name: "system-leader-election",
    level: "leader-election",
    matches: ({ name }, action) => components.includes(name) && isLease(action),
  },
  {
    name: "workload-leader-election",
    level: "leader-election",
    matches: ({ groups }, action) => isLease(action) && groups.includes(systemAccounts),
  },
  {
    name: "system-node-high",
    level: "node-high",
    matches: ({ groups }, action) =>
      groups.includes("system:nodes") &&
      (isLease(action) || (action.kind === "resource" && action.resource === "nodes")),
  },
  { name: "system-nodes", level: "system", matches: ({ groups }) => groups.includes("system:nodes") },
  { name: "kube-controller-manager", level: "workload-high", matches: ({ name }) => name === components[0] },
  { name: "kube-scheduler", level: "workload-high", matches: ({ name }) => name === components[1] },
  {
    name: "kube-system-service-accounts",
    level: "workload-high",
    matches: ({ groups }) => groups.includes(systemAccounts),
  },
  {
    name: "service-accounts",
    level: "workload-low",
    matches: ({ groups }) => groups.includes("system:serviceaccounts"),
  },
  {
    name: "global-default",
    level: "global-default",
    matches: ({ groups }) => known.some((group) => groups.includes(group)),
  },
  { name: "catch-all", level: "catch-all", matches: () => true },
]

function isLease(action: Action): boolean {
  return action.kind === "resource" && action.resource === "leases" && action.group === "coordination.k8s.io"
}
