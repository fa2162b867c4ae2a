import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { judged, prepared } from "../testing/judge.ts"
import { endpoints } from "./endpoints.ts"
import { events } from "./event.ts"
import { namespaces } from "./namespace.ts"
import { nodes } from "./node.ts"
import { parseRange, serviceStrategy } from "./service.ts"

const services = serviceStrategy({
  ...parseRange("10.235.0.0/16"),
  fresh: async () => {},
  used: () => ({ addresses: new Set(), nodePorts: new Set() }),
})
const service = (more: object = {}) => ({ spec: { ports: [{ port: 80 }], ...more } })
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

describe("a Service", () => {
  it.each<[string, object, string[]]>([
    ["that is right", {}, []],
    ["without ports", { ports: [] }, ["spec.ports: Required value"]],
    [
      "with wrong ports",
      {
        ports: [
          { port: 0, name: "A" },
          { port: 80, targetPort: "much-too-long-name" },
          { port: 80, name: "b", nodePort: 30_000 },
        ],
      },
      [
        `spec.ports[0].name: Invalid value: "A": ${label}`,
        "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
        "spec.ports[1].name: Required value",
        'spec.ports[1].targetPort: Invalid value: "much-too-long-name": must be no more than 15 characters',
        "spec.ports[2].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        'spec.ports[2]: Duplicate value: {"port":80,"protocol":"TCP"}',
      ],
    ],
    ["that is a name without one", { type: "ExternalName" }, ["spec.externalName: Required value"]],
    [
      "that is a node's port without an address",
      { type: "NodePort", clusterIP: "None" },
      ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ],
    [
      "with wrong policies",
      { internalTrafficPolicy: "Far", externalTrafficPolicy: "Local", loadBalancerClass: "a/b" },
      [
        'spec.internalTrafficPolicy: Unsupported value: "Far": supported values: "Cluster", "Local"',
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
      ],
    ],
    [
      "that is sticky for too long",
      { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } },
      [
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400",
      ],
    ],
  ])("%s is judged", (_, more, messages) => expect(judged("Service", services, service(more))).toEqual(messages))

  it("keeps its address", () => {
    const old = service({ clusterIP: "10.235.0.20", clusterIPs: ["10.235.0.20"] })
    const moved = service({ clusterIP: "10.235.0.21", clusterIPs: ["10.235.0.21"] })
    expect(judged("Service", services, moved, old)).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.235.0.21"]: may not change once set',
    ])
    expect(judged("Service", services, service(), old)).toEqual([])
  })

  it("whose address is of another range is given one of this, whatever of it is written", async () => {
    const old = service({ clusterIP: "10.99.0.20", clusterIPs: ["10.99.0.20"] }) as unknown as AnyObject
    expect(judged("Service", services, { ...old }, old)).toEqual([])
    const next = prepared("Service", services, { ...old }, old)
    await services.allocate?.(next, old)
    expect(next.spec).toMatchObject({ clusterIP: "10.235.0.10", clusterIPs: ["10.235.0.10"] })
    const asked = prepared("Service", services, service({ clusterIP: "10.235.0.77" }), old)
    await services.allocate?.(asked, old)
    expect(asked.spec).toMatchObject({ clusterIP: "10.235.0.77", clusterIPs: ["10.235.0.77"] })
    const headless = service({ clusterIP: "None", clusterIPs: ["None"] }) as unknown as AnyObject
    expect(prepared("Service", services, { ...headless }, headless).spec).toMatchObject({ clusterIP: "None" })
  })

  it("has a node port of its own choice, that another cluster on the machine seldom has, above those asked for by number", async () => {
    const open = async (uid: string, used: readonly number[] = []) => {
      const book = { ...parseRange("10.235.0.0/16"), fresh: async () => {}, used: () => taken }
      const taken = { addresses: new Set<string>(), nodePorts: new Set(used) }
      const object = prepared("Service", services, service({ type: "NodePort" })) as AnyObject
      const named = { ...object, metadata: { ...object.metadata, uid } }
      await serviceStrategy(book).allocate?.(named as AnyObject, undefined)
      return (named as unknown as { spec: { ports: { nodePort: number }[] } }).spec.ports[0]?.nodePort ?? 0
    }
    const [one, other] = [await open("0b9f"), await open("77aa")]
    expect(one).not.toBe(other)
    for (const port of [one, other]) expect(port).toBeGreaterThanOrEqual(30_086)
    const next = await open("0b9f", [one])
    expect([next, next <= 32_767]).toEqual([one === 32_767 ? 30_086 : one + 1, true])
    const all = Array.from({ length: 32_768 - 30_086 }, (_, at) => 30_086 + at)
    expect(await open("0b9f", all)).toBe(30_000)
  })

  it("gives its address back when it becomes a name", () => {
    const old = prepared("Service", services, service({ clusterIP: "10.235.0.20", clusterIPs: ["10.235.0.20"] }))
    const named = { spec: { ...(old.spec as object), type: "ExternalName", externalName: "example.com" } }
    expect(judged("Service", services, named, old)).toEqual([])
    expect(prepared("Service", services, named, old).spec).not.toHaveProperty("clusterIP")
  })

  it("closes its node ports when it is for the cluster only", () => {
    const open = service({ type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] })
    const old = prepared("Service", services, open)
    const closed = { spec: { ...(old.spec as object), type: "ClusterIP" } }
    expect(judged("Service", services, closed, open)).toEqual([])
    expect(prepared("Service", services, closed, old).spec).toMatchObject({
      ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
    })
  })

  it("gets Kubernetes' defaults", () => {
    expect(prepared("Service", services, service({ sessionAffinity: "ClientIP", type: "LoadBalancer" })).spec).toEqual({
      type: "LoadBalancer",
      ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
      internalTrafficPolicy: "Cluster",
      externalTrafficPolicy: "Cluster",
      allocateLoadBalancerNodePorts: true,
    })
  })
})

describe("Endpoints", () => {
  it.each<[object, string[]]>([
    [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }, []],
    [{}, ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]],
    [
      {
        addresses: [{ ip: "169.254.0.1" }, { ip: "here" }],
        ports: [{ port: 1 }, { name: "a", port: 0, protocol: "ICMP" }],
      },
      [
        'subsets[0].addresses[0].ip: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
        'subsets[0].addresses[1].ip: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        "subsets[0].ports[0].name: Required value",
        "subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        'subsets[0].ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      ],
    ],
  ])("of %j are judged", (subset, messages) => {
    expect(judged("Endpoints", endpoints, { subsets: [subset] })).toEqual(messages)
  })
})

describe("a Node", () => {
  it("has each taint once, with a key that is one", () => {
    const taint = { key: "a", effect: "NoSchedule" }
    expect(judged("Node", nodes, { spec: { taints: [taint, taint, { key: "", effect: "NoExecute" }] } })).toEqual([
      'spec.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      "spec.taints[2].key: Required value",
    ])
  })

  it("keeps the range of its pods, and the machine that it is", () => {
    const old = { spec: { podCIDRs: ["10.0.0.0/24"], providerID: "a" } }
    expect(judged("Node", nodes, { spec: { podCIDRs: ["10.0.1.0/24"], providerID: "b" } }, old)).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ])
    expect(judged("Node", nodes, old, { spec: {} })).toEqual([])
  })
})

describe("others", () => {
  it("an Event lies where its object is", () => {
    const about = (namespace?: string) => judged("Event", events, { involvedObject: { kind: "Pod", namespace } })
    expect(about("default")).toEqual([])
    expect(about(undefined)).toEqual([])
    expect(about("other")).toEqual(['involvedObject.namespace: Invalid value: "other": does not match event.namespace'])
  })

  it("a Namespace is Terminating exactly while it is being deleted", () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a" }, status: { phase: "Terminating" } }
    expect(namespaces.validateStatus?.(namespace, namespace)).toMatchObject([{ field: "status.Phase" }])
    const ending = { ...namespace, metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" } }
    expect(namespaces.validateStatus?.(ending, ending)).toEqual([])
  })
})
