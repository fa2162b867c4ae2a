import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { expect, it } from "vitest"
import { isServed, withChallenges } from "./challenge-paths.ts"

const split = { serviceName: "hello-00001", serviceNamespace: "default", servicePort: 80, percent: 100 }
const http = { paths: [{ splits: [split] }] }
const inside = { hosts: ["hello.default.svc.cluster.local"], visibility: "ClusterLocal" as const, http }
const outside = { hosts: ["hello.example.com"], visibility: "ExternalIP" as const, http }
const challenge = {
  url: "http://hello.example.com/.well-known/acme-challenge/abc",
  serviceName: "activator-service",
  serviceNamespace: "knative-serving",
  servicePort: 80,
  response: "abc.thumbprint",
}
const answered = {
  path: "/.well-known/acme-challenge/abc",
  splits: [
    {
      serviceName: "activator-service",
      serviceNamespace: "knative-serving",
      servicePort: 80,
      percent: 100,
      appendHeaders: { "K-Challenge-Answer": "abc.thumbprint" },
    },
  ],
}

it("a challenge comes before all else of its host, outside only", () => {
  const spec = withChallenges({ rules: [inside, outside] }, [challenge])
  expect(spec.rules).toEqual([inside, { ...outside, http: { paths: [answered, ...http.paths] } }])
})

it("hosts of one rule do not answer each other's challenges", () => {
  const rule = { ...outside, hosts: ["hello.example.com", "other.example.com"] }
  const spec = withChallenges({ rules: [rule] }, [challenge])
  expect(spec.rules).toEqual([
    { ...outside, http: { paths: [answered, ...http.paths] } },
    { ...outside, hosts: ["other.example.com"] },
  ])
})

it("a host that nothing is served at yet is served for the challenge alone", () => {
  const spec = withChallenges({ rules: [inside] }, [challenge])
  expect(spec.rules?.[1]).toEqual({
    hosts: ["hello.example.com"],
    visibility: "ExternalIP",
    http: { paths: [answered] },
  })
})

it("without challenges a spec is what it was", () => {
  const spec = { rules: [inside, outside] }
  expect(withChallenges(spec, [])).toBe(spec)
})

it("a challenge is served when an Ingress has it that all gateways have", () => {
  const spec = withChallenges({ rules: [outside] }, [challenge])
  const withReadiness = (status: string, observedGeneration = 2) =>
    ({
      metadata: { name: "hello", namespace: "default", generation: 2 },
      spec,
      status: { observedGeneration, conditions: [{ type: "LoadBalancerReady", status }] },
    }) as unknown as Ingress
  expect(isServed([withReadiness("True")], challenge)).toBe(true)
  expect(isServed([withReadiness("Unknown")], challenge)).toBe(false)
  expect(isServed([withReadiness("True", 1)], challenge)).toBe(false)
  expect(isServed([withReadiness("True")], { url: `${challenge.url}d` })).toBe(false)
})
