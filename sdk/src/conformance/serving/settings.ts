import { equal, holds } from "../expectation.ts"
import type { Statement } from "../topic.ts"

const maps: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "config-autoscaler": { "stable-window": "60s", "container-concurrency-target-default": "100" },
  "config-defaults": { "revision-timeout-seconds": "300" },
  "config-deployment": { "progress-deadline": "600s" },
  "config-domain": { "example.com": "" },
  "config-features": { "multi-container": "enabled" },
  "config-gc": { "retain-since-create-time": "48h" },
  "config-leader-election": { buckets: "1" },
  "config-logging": { "zap-logger-config": "" },
  "config-network": { "domain-template": "{{.Name}}.{{.Namespace}}.{{.Domain}}" },
  "config-observability": { "logging.enable-request-log": "false" },
}

/** S140–S147 and what unmodified clients look for in the system's namespace. */
export const settings: Statement = (it) => {
  for (const [name, examples] of Object.entries(maps)) {
    it(`S147: ${name} is there, with an example that tells its keys`, async ({ wire }) => {
      const { body, code } = await wire("GET", `/api/v1/namespaces/knative-serving/configmaps/${name}`)
      equal(code, 200)
      for (const key of Object.keys(examples)) holds(body.data._example.includes(key), `_example tells ${key}`)
      holds(body.metadata.annotations["knative.dev/example-checksum"], "its checksum is noted")
    })
  }

  it("system: the gateway is a Service with one address, and real ports of the nodes", async ({ wire }) => {
    const { body } = await wire("GET", "/api/v1/namespaces/knative-serving/services")
    const balancers = body.items.filter(({ spec }: { spec: { type: string } }) => spec.type === "LoadBalancer")
    equal(balancers.length, 1)
    equal(balancers[0].status.loadBalancer.ingress.length, 1)
    for (const wanted of [80, 443]) {
      const { nodePort } = balancers[0].spec.ports.find(({ port }: { port: number }) => port === wanted)
      holds(nodePort > 0, `port ${wanted} has a nodePort`)
    }
  })

  it("system: activators are found by activator-service and its EndpointSlices", async ({ wire }) => {
    const at = "/apis/discovery.k8s.io/v1/namespaces/knative-serving/endpointslices"
    const { body } = await wire("GET", `${at}?labelSelector=kubernetes.io/service-name=activator-service`)
    holds(
      body.items.flatMap(({ endpoints }: { endpoints?: object[] }) => endpoints ?? []).length > 0,
      "there are endpoints",
    )
  })

  it("system: activators stand in the Endpoints of that name too", async ({ wire }) => {
    const { body, code } = await wire("GET", "/api/v1/namespaces/knative-serving/endpoints/activator-service")
    equal(code, 200)
    holds(
      body.subsets?.some(({ addresses }: { addresses?: object[] }) => addresses?.length),
      "there are addresses",
    )
  })
}
