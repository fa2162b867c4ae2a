import { describe, expect, it } from "vitest"
import { judged } from "../testing/judge.ts"
import { apiServices } from "./api-service.ts"
import { flowSchemas, priorityLevels } from "./flow-control.ts"
import { ingressClasses, ingresses } from "./ingress.ts"
import { networkPolicies } from "./network-policy.ts"
import { priorityClasses, runtimeClasses } from "./priority-class.ts"
import { csiDrivers, storageClasses, volumeAttachments } from "./storage.ts"
import type { Strategy } from "./strategy.ts"

const backend = { service: { name: "web", port: { number: 80 } } }
const ingress = (path: object) => ({
  spec: { rules: [{ http: { paths: [{ path: "/", pathType: "Prefix", backend, ...path }] } }] },
})
const at = "spec.rules[0].http.paths[0]"
const level = { spec: { type: "Limited", limited: { limitResponse: { type: "Reject" } } } }
const rules = [
  { subjects: [{ kind: "User", user: { name: "*" } }], nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }] },
]
const flow = { spec: { priorityLevelConfiguration: { name: "low" }, rules } }

describe("a new object is refused for", () => {
  it.each<[string, string, Strategy, object, string[]]>([
    ["Ingress", "nothing when it is right", ingresses, ingress({}), []],
    [
      "Ingress",
      "no rules",
      ingresses,
      { spec: {} },
      ["spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"],
    ],
    [
      "Ingress",
      "paths and backends",
      ingresses,
      ingress({ path: "a//b", pathType: "Regex", backend: { service: { name: "web", port: {} } } }),
      [
        `${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
        `${at}.backend.service.port: Required value: port name or number is required`,
      ],
    ],
    [
      "Ingress",
      "a path that climbs",
      ingresses,
      ingress({ path: "/a/.." }),
      [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`],
    ],
    [
      "Ingress",
      "a host by number",
      ingresses,
      { spec: { rules: [{ host: "10.0.0.1" }] } },
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    ["IngressClass", "no controller", ingressClasses, { spec: {} }, ["spec.controller: Required value"]],
    [
      "NetworkPolicy",
      "peers and ports",
      networkPolicies,
      {
        spec: {
          ingress: [{ from: [{}, { ipBlock: { cidr: "10.0.0.0/33" } }], ports: [{ port: "http", endPort: 90 }] }],
        },
      },
      [
        "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric",
        "spec.ingress[0].from[0]: Required value: must specify a peer",
        'spec.ingress[0].from[1].ipBlock.cidr: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    ],
    [
      "StorageClass",
      "its policy",
      storageClasses,
      { provisioner: "a/b", reclaimPolicy: "Burn" },
      ['reclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Retain"'],
    ],
    [
      "CSIDriver",
      "hasty tokens",
      csiDrivers,
      { spec: { tokenRequests: [{ audience: "a", expirationSeconds: 5 }] } },
      ["spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes"],
    ],
    [
      "VolumeAttachment",
      "no volume",
      volumeAttachments,
      { spec: { attacher: "a", nodeName: "n", source: {} } },
      ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"],
    ],
    [
      "PriorityClass",
      "too much importance",
      priorityClasses,
      { value: 1_000_000_001 },
      ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
    ],
    ["RuntimeClass", "no handler", runtimeClasses, { handler: "" }, ["handler: Required value"]],
    ["FlowSchema", "nothing when it is right", flowSchemas, flow, []],
    [
      "FlowSchema",
      "a precedence out of bounds",
      flowSchemas,
      { spec: { ...flow.spec, matchingPrecedence: 0 } },
      ["spec.matchingPrecedence: Invalid value: 0: must be between 1 and 10000, inclusive"],
    ],
    ["PriorityLevelConfiguration", "nothing when it is right", priorityLevels, level, []],
    [
      "PriorityLevelConfiguration",
      "no limit",
      priorityLevels,
      { spec: { type: "Limited" } },
      ['spec.limited: Required value: must not be empty when type is "Limited"'],
    ],
    [
      "APIService",
      "another name",
      apiServices,
      { spec: { group: "a.example.com", version: "v1", groupPriorityMinimum: 1, versionPriority: 1 } },
      ['metadata.name: Invalid value: "web": must be `spec.version+"."+spec.group`: "v1.a.example.com"'],
    ],
  ])("%s: %s", (kind, _title, strategy, fields, mistakes) => {
    expect(judged(kind, strategy, fields)).toEqual(mistakes)
  })
})

describe("a change is refused of", () => {
  it.each<[string, string, Strategy, object, object, string[]]>([
    [
      "StorageClass",
      "the provisioner",
      storageClasses,
      { provisioner: "a/b" },
      { provisioner: "a/c" },
      ["provisioner: Forbidden: updates to provisioner are forbidden."],
    ],
    [
      "PriorityClass",
      "the value",
      priorityClasses,
      { value: 1 },
      { value: 2 },
      ["value: Forbidden: may not be changed in an update."],
    ],
    [
      "RuntimeClass",
      "the handler",
      runtimeClasses,
      { handler: "a" },
      { handler: "b" },
      ['handler: Invalid value: "b": field is immutable'],
    ],
    [
      "IngressClass",
      "the controller",
      ingressClasses,
      { spec: { controller: "a.io/b" } },
      { spec: { controller: "a.io/c" } },
      ['spec.controller: Invalid value: "a.io/c": field is immutable'],
    ],
  ])("%s: %s", (kind, _title, strategy, old, now, mistakes) => {
    expect(judged(kind, strategy, now, old)).toEqual(mistakes)
  })
})
