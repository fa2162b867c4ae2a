import type { AnyObject } from "@wick/sdk/api"
import { builtinKinds, openapiSchema } from "@wick/sdk/api"
import { describe, expect, it } from "vitest"
import { indexOf, selectionOf } from "./selection.ts"
import { builtinResource, type ServedResource } from "./served-resource.ts"

function resource(plural: string): ServedResource {
  const kind = builtinKinds.find((each) => each.plural === plural)
  if (!kind) throw new Error(`no kind ${plural}`)
  const { schema, components } = openapiSchema(kind)
  return builtinResource(kind, schema, components)
}

function selects(plural: string, selector: string, object: object): boolean {
  const served = resource(plural)
  const whole = { metadata: { name: "a", namespace: "b" }, ...object } as AnyObject
  return selectionOf(served, new URLSearchParams({ fieldSelector: selector }))(indexOf(served, whole))
}

describe("a field selector", () => {
  it.each([
    ["pods", "spec.nodeName=n1", { spec: { nodeName: "n1" } }],
    ["pods", "spec.hostNetwork=false", { spec: {} }],
    ["pods", "status.podIPs=10.0.0.1", { status: { podIPs: [{ ip: "10.0.0.1" }] } }],
    ["nodes", "spec.unschedulable=false", { spec: {} }],
    ["jobs", "status.successful=0", {}],
    ["jobs", "status.successful!=0", { status: { succeeded: 2 } }],
    ["replicasets", "status.replicas=0", {}],
    ["replicationcontrollers", "status.replicas=3", { status: { replicas: 3 } }],
    ["events", "source=kubelet", { source: { component: "kubelet" } }],
    ["events", "source=scheduler", { source: {}, reportingComponent: "scheduler" }],
    ["namespaces", "status.phase=Active", { status: { phase: "Active" } }],
    ["secrets", "type=Opaque", { type: "Opaque" }],
  ])("of %s: %s finds %j", (plural, selector, object) => expect(selects(plural, selector, object)).toBe(true))

  it("that Kubernetes does not know is refused", () => {
    expect(() => selects("pods", "spec.dnsPolicy=Default", {})).toThrow("field label not supported: spec.dnsPolicy")
    expect(() => selects("configmaps", "data.a=b", {})).toThrow(
      '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    )
  })
})

it.each([
  ["a in x", /^unable to parse requirement: found 'x' expected: '\('$/],
  ["a,", /^found '', expected: identifier after ','$/],
  ["a/b/c=d", /^unable to parse requirement: <nil>: Invalid value: "a\/b\/c": /],
  [
    "app in (a,-b)",
    /^unable to parse requirement: values\[1\]\[app\]: Invalid value: "-b": a valid label must be an empty/,
  ],
])("the label selector %j is refused in Kubernetes' words", (labelSelector, message) => {
  expect(() => selectionOf(resource("pods"), new URLSearchParams({ labelSelector }))).toThrow(message)
})
