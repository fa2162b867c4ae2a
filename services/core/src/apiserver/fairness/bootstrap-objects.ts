import type { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import type { PriorityLevelConfiguration } from "@wick/sdk/api/flowcontrol/priority-level-configuration"
import type { AnyObject } from "@wick/sdk/api/kind"

type SchemaSpec = NonNullable<FlowSchema["spec"]>
type LevelSpec = NonNullable<PriorityLevelConfiguration["spec"]>
type Rules = NonNullable<SchemaSpec["rules"]>[number]
type Subject = Rules["subjects"][number]

const group = "flowcontrol.apiserver.k8s.io/v1"

/** On an object that the server brings: "false" when people take its spec over, "true" when the server keeps it. */
export const autoupdate = "apf.kubernetes.io/autoupdate-spec"

/** Requests that nothing else fits belong to `catch-all`; those of `exempt` never wait. Neither can be taken away. */
export const mandatory = ["exempt", "catch-all"]

/** Levels and schemas of a new Kubernetes cluster. */
export function flowControlObjects(): AnyObject[] {
  return [
    ...Object.entries(levels).map(([name, spec]) => object("PriorityLevelConfiguration", name, spec)),
    ...schemas.map(([name, ...fields]) => object("FlowSchema", name, schemaSpec(...fields))),
  ]
}

function object(kind: string, name: string, spec: object): AnyObject {
  return { apiVersion: group, kind, metadata: { name, annotations: { [autoupdate]: "true" } }, spec }
}

const levels: Record<string, LevelSpec> = {
  exempt: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  "catch-all": limited(5, 0),
  system: limited(30, 33, 64),
  "node-high": limited(40, 25, 64),
  "leader-election": limited(10, 0, 16, 4),
  "workload-high": limited(40, 50, 128),
  "workload-low": limited(100, 90, 128),
  "global-default": limited(20, 50, 128),
}

/** Without queues: refused at once. */
function limited(nominalConcurrencyShares: number, lendablePercent: number, queues = 0, handSize = 6): LevelSpec {
  const queuing = { queues, handSize, queueLengthLimit: 50 }
  const limitResponse = queues === 0 ? { type: "Reject" } : { type: "Queue", queuing }
  return { type: "Limited", limited: { nominalConcurrencyShares, lendablePercent, limitResponse } }
}

const everything = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
}
const masters = ofGroups("system:masters")
const anybody = ofGroups("system:unauthenticated", "system:authenticated")
const nodes = ofGroups("system:nodes")
const controllers = ofUsers("system:kube-controller-manager")
const scheduler = ofUsers("system:kube-scheduler")
const systemAccounts = ofAccounts("*")
const election = ["get", "create", "update"]
const leases = { apiGroups: ["coordination.k8s.io"], resources: ["leases"], clusterScope: false, namespaces: ["*"] }
const node = { verbs: ["*"], apiGroups: [""], resources: ["nodes", "nodes/status"], clusterScope: true }
const endpoints = { verbs: election, apiGroups: [""], resources: ["endpoints"], clusterScope: false }
const probes = { nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }] }

type Fields = [
  level: string,
  precedence: number,
  flows: "" | "ByUser" | "ByNamespace",
  Subject[],
  Omit<Rules, "subjects">,
]

const schemas: [name: string, ...Fields][] = [
  ["exempt", "exempt", 1, "", masters, everything],
  ["probes", "exempt", 2, "", anybody, probes],
  [
    "system-leader-election",
    "leader-election",
    100,
    "ByUser",
    [...controllers, ...scheduler, ...systemAccounts],
    { resourceRules: [{ verbs: election, ...leases }] },
  ],
  [
    "endpoint-controller",
    "workload-high",
    150,
    "ByUser",
    [...controllers, ...ofAccounts("endpoint-controller", "endpointslicemirroring-controller")],
    { resourceRules: [{ ...endpoints, namespaces: ["*"] }] },
  ],
  [
    "workload-leader-election",
    "leader-election",
    200,
    "ByUser",
    systemAccounts,
    { resourceRules: [{ verbs: election, ...leases }] },
  ],
  [
    "system-node-high",
    "node-high",
    400,
    "ByUser",
    nodes,
    {
      resourceRules: [
        { ...node, namespaces: ["*"] },
        { verbs: ["*"], ...leases },
      ],
    },
  ],
  ["system-nodes", "system", 500, "ByUser", nodes, everything],
  ["kube-controller-manager", "workload-high", 800, "ByNamespace", controllers, everything],
  ["kube-scheduler", "workload-high", 800, "ByNamespace", scheduler, everything],
  ["kube-system-service-accounts", "workload-high", 900, "ByNamespace", systemAccounts, everything],
  ["service-accounts", "workload-low", 9_000, "ByUser", ofGroups("system:serviceaccounts"), everything],
  ["global-default", "global-default", 9_900, "ByUser", anybody, everything],
  ["catch-all", "catch-all", 10_000, "ByUser", anybody, everything],
]

function schemaSpec(...[level, matchingPrecedence, flows, subjects, rules]: Fields): SchemaSpec {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(flows !== "" && { distinguisherMethod: { type: flows } }),
    rules: [{ subjects, ...rules }],
  }
}

function ofGroups(...names: string[]): Subject[] {
  return names.map((name) => ({ kind: "Group", group: { name } }))
}

function ofUsers(...names: string[]): Subject[] {
  return names.map((name) => ({ kind: "User", user: { name } }))
}

function ofAccounts(...names: string[]): Subject[] {
  return names.map((name) => ({ kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name } }))
}
