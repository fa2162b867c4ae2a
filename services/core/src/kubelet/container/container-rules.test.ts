import type { Pod } from "@wick/sdk/api/core/pod"
import { describe, expect, it } from "vitest"
import { isImageName, pullPolicy, registryOf } from "../image/image-name.ts"
import { parseResolvConf, podDns } from "../pod/dns.ts"
import { tried, waitUntil } from "./backoff.ts"
import { expand } from "./env-expansion.ts"
import { cgroupResources, qosClass } from "./resources.ts"

describe("the back-off of a container", () => {
  it("grows from ten seconds to five minutes, and the first restart does not wait", () => {
    expect(waitUntil(undefined, 0, 0)).toBeUndefined()
    let backoff = tried(undefined, 0, 0)
    const delays = [backoff.delayMs]
    for (let count = 0; count < 6; count += 1) {
      backoff = tried(backoff, backoff.triedAtMs + 1, backoff.triedAtMs + 1)
      delays.push(backoff.delayMs)
    }
    expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  })

  it("is forgiven after ten good minutes", () => {
    const backoff = { delayMs: 160_000, triedAtMs: 0 }
    expect(waitUntil(backoff, 600_000, 600_001)).toBe(760_000)
    expect(waitUntil(backoff, 600_001, 600_002)).toBeUndefined()
  })
})

it.each([
  ["$(A)/$(B)", "1/$(B)"],
  ["$$(A)", "$(A)"],
  ["$A $(pwd", "$A $(pwd"],
  ["$$$(A)", "$1"],
])("%s expands to %s", (text, expected) => {
  expect(expand(text, new Map([["A", "1"]]))).toBe(expected)
})

describe("an image's name", () => {
  it.each([
    ["busybox", "docker.io"],
    ["library/busybox:1", "docker.io"],
    ["localhost/a", "localhost"],
    ["127.0.0.1:5000/a@sha256:0", "127.0.0.1:5000"],
    ["ghcr.io/a/b", "ghcr.io"],
  ])("%s is of %s", (image, registry) => expect(registryOf(image)).toBe(registry))

  it.each([
    ["a", undefined, "Always"],
    ["a:latest", undefined, "Always"],
    ["h:5000/a", undefined, "Always"],
    ["a:1", undefined, "IfNotPresent"],
    [`a@sha256:${"0".repeat(64)}`, undefined, "IfNotPresent"],
    ["a:1", "Never", "Never"],
  ])("%s with policy %s is pulled %s", (image, stated, policy) => expect(pullPolicy(image, stated)).toBe(policy))

  it("must be one", () => {
    expect(isImageName("127.0.0.1:5000/a/b_c:v1.0")).toBe(true)
    expect(isImageName("Not An Image")).toBe(false)
    expect(isImageName("")).toBe(false)
  })
})

describe("requests and limits", () => {
  const podWith = (resources: object): Pod => ({ spec: { containers: [{ name: "a", resources }] } }) as unknown as Pod
  it.each([
    [{}, "BestEffort"],
    [{ requests: { cpu: "100m" } }, "Burstable"],
    [{ limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
    [{ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m", memory: "1Gi" } }, "Burstable"],
  ])("%j make a pod %s", (resources, qos) => expect(qosClass(podWith(resources))).toBe(qos))

  it("become shares, quota and a limit", () => {
    const [container] = podWith({ requests: { cpu: "250m" }, limits: { cpu: "500m", memory: "64Mi" } }).spec.containers
    if (!container) throw new Error("the pod has a container")
    expect(cgroupResources(container, "Burstable", 1024 ** 3)).toEqual({
      cpuShares: 256,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimit: 67_108_864,
      oomScoreAdjust: 938,
    })
  })
})

describe("a pod's resolver", () => {
  const host = parseResolvConf("nameserver 192.0.2.53\nsearch example.org\noptions timeout:1\n")
  const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" }
  const podWith = (spec: object): Pod =>
    ({ metadata: { namespace: "shop" }, spec: { dnsPolicy: "ClusterFirst", ...spec } }) as unknown as Pod

  it("asks the cluster first, from the pod's own namespace outwards", () => {
    expect(podDns(podWith({}), cluster, host)).toEqual({
      servers: ["10.96.0.10"],
      searches: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"],
      options: ["ndots:5"],
    })
  })

  it("is the host's on the host's network, unless it is asked otherwise", () => {
    expect(podDns(podWith({ hostNetwork: true }), cluster, host).servers).toEqual(["192.0.2.53"])
    const asked = podWith({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" })
    expect(podDns(asked, cluster, host).servers).toEqual(["10.96.0.10"])
  })

  it("takes the pod's own settings over others'", () => {
    const dnsConfig = { nameservers: ["1.1.1.1"], options: [{ name: "ndots", value: "1" }] }
    expect(podDns(podWith({ dnsConfig }), cluster, host)).toMatchObject({
      servers: ["10.96.0.10", "1.1.1.1"],
      options: ["ndots:1"],
    })
  })
})
