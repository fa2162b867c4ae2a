import type { AnyObject } from "@wick/sdk/api/kind"
import { describe, expect, it } from "vitest"
import { untendedWarnings, warningsOf } from "./index.ts"

function warnings(resource: string, fields: object, old?: object): string[] {
  const [plural = "", group = ""] = resource.split(/\.(.*)/)
  const whole = (part: object): AnyObject => ({ apiVersion: "v1", kind: "Any", metadata: { name: "a" }, ...part })
  return warningsOf({ plural, group, custom: group === "example.com" }, whole(fields), old && whole(old))
}

describe("whoever creates what no controller of ours sees to", () => {
  it.each([
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "replicationcontrollers",
    "networkpolicies.networking.k8s.io",
    "ingresses.networking.k8s.io",
  ])("is told so: %s", (resource) => {
    const [plural = "", group = ""] = resource.split(/\.(.*)/)
    expect(untendedWarnings({ plural, group })).toEqual([expect.stringContaining(`no controller of ${plural}`)])
  })

  it("is told nothing of kinds that have a controller, or are somebody else's", () => {
    expect(untendedWarnings({ plural: "deployments", group: "apps" })).toEqual([])
    expect(untendedWarnings({ plural: "jobs", group: "example.com" })).toEqual([])
  })
})

describe("a pod that is right may be told of", () => {
  it.each([
    [
      "a label of nodes that has another name now",
      { nodeSelector: { "beta.kubernetes.io/os": "linux" } },
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
    [
      "a volume that does nothing any more",
      { volumes: [{ name: "v", rbd: {} }] },
      "spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+",
    ],
    [
      "a variable that hides another",
      { containers: [{ name: "c", env: [{ name: "A" }, { name: "B" }, { name: "A" }] }] },
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
    ],
    [
      "a port that is there twice",
      { containers: [{ name: "c", ports: [{ containerPort: 80 }, { containerPort: 80, protocol: "TCP" }] }] },
      "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
    ],
    [
      "less than a byte",
      { containers: [{ name: "c", resources: { limits: { memory: "100m", cpu: "100m" } } }] },
      'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
    ],
    [
      "a constraint that no pod matches",
      { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }] },
      "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
    ],
  ])("%s", (_, spec, text) => {
    expect(warnings("pods", { spec: { containers: [], ...spec } })).toEqual([text])
    const inTemplate = text.replaceAll("spec.", "spec.template.spec.").replaceAll("template.spec.template", "template")
    const deployment = { spec: { template: { spec: { containers: [], ...spec } } } }
    expect(warnings("deployments.apps", deployment)).toEqual([inTemplate])
    // Nobody wants to hear it with every scaling.
    expect(warnings("deployments.apps", deployment, deployment)).toEqual([])
  })

  it("an annotation that is a field now", () => {
    const annotations = { "container.apparmor.security.beta.kubernetes.io/c": "unconfined" }
    expect(warnings("pods", { metadata: { annotations }, spec: { containers: [] } })).toEqual([
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
    ])
  })
})

describe("who writes is told", () => {
  it.each<[string, string, object, string]>([
    [
      "of an ingress that names its class in the old way",
      "ingresses.networking.k8s.io",
      { metadata: { annotations: { "kubernetes.io/ingress.class": "x" } } },
      "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead",
    ],
    [
      "of affinity that a headless service cannot keep",
      "services",
      { spec: { clusterIP: "None", sessionAffinity: "ClientIP" } },
      "spec.SessionAffinity is ignored for headless services",
    ],
    [
      "of a finalizer that others may use too",
      "boxes.example.com",
      { metadata: { finalizers: ["mine", "example.com/mine"] } },
      'metadata.finalizers: "mine": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers',
    ],
    [
      "of a claim for a part of a byte",
      "persistentvolumeclaims",
      { spec: { resources: { requests: { storage: "1500m" } } } },
      'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ])("%s", (_, resource, object, text) => {
    expect(warnings(resource, object)).toEqual([text])
  })
})
