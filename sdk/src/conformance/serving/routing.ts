import { Route } from "../../api/serving/route.ts"
import { equal, holds, includes, says } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import {
  answered,
  ask,
  conditionOf,
  configurations,
  deploy,
  functionOf,
  functionPatienceMs,
  routes,
  services,
  urlOf,
} from "./functions.ts"

const ingresses = "networking.internal.knative.dev/v1alpha1 ingresses"

const mappings = "serving.knative.dev/v1beta1 domainmappings"

/** Claims a domain and maps it; resolves when it is Ready, or says that it is not because of `trouble`. */
async function map(world: World, ref: object, trouble?: string): Promise<string> {
  const { namespace, unique, wire, path, clock, afterwards } = world
  const domain = `${unique("domain")}.example.com`
  const claims = "/apis/networking.internal.knative.dev/v1alpha1/clusterdomainclaims"
  const claim = {
    apiVersion: "networking.internal.knative.dev/v1alpha1",
    kind: "ClusterDomainClaim",
    metadata: { name: domain },
  }
  await wire("POST", claims, { ...claim, spec: { namespace } })
  afterwards(() => wire("DELETE", `${claims}/${domain}`))
  const mapping = { apiVersion: "serving.knative.dev/v1beta1", kind: "DomainMapping", metadata: { name: domain } }
  await wire("POST", path(mappings), { ...mapping, spec: { ref } })
  if (trouble === undefined) await isMapped(world, domain)
  else {
    await eventually(clock, async () => {
      const { body } = await wire("GET", path(mappings, `/${domain}`))
      const { reason, message } = conditionOf(body, "Ready") ?? {}
      equal([reason, message?.startsWith(trouble)], ["ResolveFailed", true], message)
    })
  }
  return domain
}

async function isMapped({ wire, path, clock }: World, domain: string): Promise<void> {
  await eventually(clock, async () => {
    const { body } = await wire("GET", path(mappings, `/${domain}`))
    equal(conditionOf(body, "Ready")?.status, "True", conditionOf(body, "Ready")?.message)
  })
}

/** A kind whose objects have an address, as far as the API is concerned. */
async function defineThings({ wire, afterwards }: World, group: string): Promise<void> {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }
  const versions = [{ name: "v1", served: true, storage: true, schema, subresources: { status: {} } }]
  const names = { plural: "things", singular: "thing", kind: "Thing" }
  const name = `things.${group}`
  const kind = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name } }
  equal((await wire("POST", definitions, { ...kind, spec: { group, scope: "Namespaced", names, versions } })).code, 201)
  afterwards(() => wire("DELETE", `${definitions}/${name}`))
}

/** S7, S10, S120–S128, S150: where requests go. */
export const routing: Statement = (it) => {
  it.withFunctions("S120: traffic is split as it is written", async (world) => {
    await deploy(world, "a", { env: { VERSION: "1" } })
    const traffic = [
      { revisionName: "a-00001", percent: 70 },
      { latestRevision: true, percent: 30 },
    ]
    const service = await deploy(world, "a", { env: { VERSION: "2" }, traffic })
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(world, urlOf(service))))
    const second = replies.filter(({ body }) => body.env.VERSION === "2").length
    holds(second > 30 && second < 95, `${second} of 200 went to 30 percent`)
  })

  it.withFunctions("S121: a tag has a URL and a Service of its own", async (world) => {
    await deploy(world, "a", { env: { VERSION: "1" } })
    const traffic = [
      { latestRevision: true, percent: 100 },
      { revisionName: "a-00001", tag: "old" },
    ]
    const service = await deploy(world, "a", { env: { VERSION: "2" }, traffic })
    const { url } = service.status.traffic.find(({ tag }: { tag?: string }) => tag === "old")
    says(url, /^http:\/\/old-a\./)
    equal((await ask(world, url)).body.env.VERSION, "1")
    equal((await ask(world, urlOf(service))).body.env.VERSION, "2")
    equal((await world.wire("GET", world.path("services", "/old-a"))).code, 200)
  })

  it.withFunctions(
    "S7: a status tells of every target which revision it means, and of shares as written",
    async (world) => {
      await deploy(world, "a", { env: { VERSION: "1" } })
      const traffic = [{ tag: "current", revisionName: "a-00001", percent: 100 }, { tag: "latest" }]
      const { status } = await deploy(world, "a", { env: { VERSION: "2" }, traffic })
      const told = status.traffic.map(({ url, ...target }: Loose) => [new URL(url).hostname.split(".")[0], target])
      equal(told, [
        ["current-a", { tag: "current", revisionName: "a-00001", latestRevision: false, percent: 100 }],
        ["latest-a", { tag: "latest", revisionName: "a-00002", latestRevision: true }],
      ])
    },
  )

  it.withFunctions("S7: a Route and a Configuration work by themselves, and the Route follows", async (world) => {
    const { wire, path, client, namespace, patch } = world
    const group = { apiVersion: "serving.knative.dev/v1" }
    const { spec } = functionOf("c", world.functionHost.specimen, { env: { VERSION: "1" } })
    await wire("POST", path(configurations), { ...group, kind: "Configuration", metadata: { name: "c" }, spec })
    const traffic = [{ tag: "one", configurationName: "c", percent: 100 }]
    await wire("POST", path(routes), { ...group, kind: "Route", metadata: { name: "r" }, spec: { traffic } })
    const answers = async (version: string): Promise<void> => {
      const route: Loose = await becomes(
        client,
        Route,
        { name: "r", namespace },
        (found) =>
          conditionOf(found, "Ready")?.status === "True" &&
          found?.status?.traffic?.[0]?.revisionName === `c-0000${version}`,
        functionPatienceMs,
      )
      equal((await answered(world, route.status.url)).body.env.VERSION, version)
    }
    await answers("1")
    const env = [{ op: "replace", path: "/spec/template/spec/containers/0/env/0/value", value: "2" }]
    await patch("json", path(configurations, "/c"), env)
    await answers("2")
  })

  it.withFunctions("S123: a gradual rollout passes through both revisions and ends with the new one", async (world) => {
    const metadata = { annotations: { "serving.knative.dev/rollout-duration": "4s" } }
    await deploy(world, "a", { metadata, env: { VERSION: "1" } })
    const { namespace, client, path, patch } = world
    const env = [{ name: "VERSION", value: "2" }]
    const change = { spec: { template: { spec: { containers: [{ image: world.functionHost.specimen, env }] } } } }
    await patch("merge", path(services, "/a"), change)
    const shares = (route: Loose): number => route?.status?.traffic?.length ?? 0
    const both = await becomes(
      client,
      Route,
      { name: "a", namespace },
      (route) => shares(route) === 2,
      functionPatienceMs,
    )
    includes(both?.status?.conditions?.find(({ type }) => type === "Ready") ?? {}, {
      status: "Unknown",
      reason: "RolloutInProgress",
    })
    const done = await becomes(
      client,
      Route,
      { name: "a", namespace },
      (route) => shares(route) === 1,
      functionPatienceMs,
    )
    equal(done?.status?.traffic?.[0]?.revisionName, "a-00002")
  })

  it.withFunctions("S125: a cluster-local Service has an inner URL and is not found from outside", async (world) => {
    const metadata = { labels: { "networking.knative.dev/visibility": "cluster-local" } }
    const service = await deploy(world, "a", { metadata })
    const { namespace } = world
    equal(service.status.url, `http://a.${namespace}.svc.cluster.local`)
    const open = await deploy(world, "b")
    equal((await ask(world, open.status.url.replace("//b.", "//a."))).status, 404)
  })

  it.withFunctions("S125: a Service that is no longer cluster-local is found from outside", async (world) => {
    const local = { "networking.knative.dev/visibility": "cluster-local" }
    await deploy(world, "a", { metadata: { labels: local } })
    const { wire, path, patch, clock } = world
    await patch("merge", path(services, "/a"), { metadata: { labels: { [Object.keys(local)[0] as string]: null } } })
    await eventually(clock, async () => {
      const { status } = (await wire("GET", path(services, "/a"))).body
      holds(!status.url.endsWith(".local"), status.url)
      await answered(world, status.url)
    })
  })

  it.withFunctions("S125: a tag alone is made cluster-local by its Service", async (world) => {
    const traffic = [
      { latestRevision: true, percent: 100 },
      { latestRevision: true, tag: "inner" },
      { latestRevision: true, tag: "outer" },
    ]
    await deploy(world, "a", { traffic })
    const { wire, path, patch, clock } = world
    const labels = { "networking.knative.dev/visibility": "cluster-local" }
    await eventually(clock, async () =>
      equal((await patch("merge", path("services", "/inner-a"), { metadata: { labels } })).code, 200),
    )
    await eventually(clock, async () => {
      const { body } = await wire("GET", path(services, "/a"))
      const isLocal = body.status.traffic.map(({ tag, url }: Loose) => [tag, url?.endsWith(".local")])
      equal(isLocal, [
        [undefined, undefined],
        ["inner", true],
        ["outer", false],
      ])
    })
  })

  it.withFunctions("S10: an Ingress says what gateways do, and is Ready", async (world) => {
    const service = await deploy(world, "a")
    const { body } = await world.wire("GET", world.path(ingresses, "/a"))
    const hosts = body.spec.rules.flatMap((rule: { hosts: string[] }) => rule.hosts)
    holds(hosts.includes(new URL(service.status.url).hostname), `hosts: ${hosts}`)
    holds(hosts.includes(`a.${world.namespace}.svc.cluster.local`), `hosts: ${hosts}`)
    includes(body.spec.rules[0].http.paths[0].splits[0], {
      serviceName: "a-00001",
      serviceNamespace: world.namespace,
      percent: 100,
    })
    for (const type of ["Ready", "NetworkConfigured", "LoadBalancerReady"]) {
      const { conditions } = body.status
      equal(conditions.find((condition: { type: string }) => condition.type === type)?.status, "True", type)
    }
  })

  it.withFunctions("S127: a Service of the Route's name leads to the gateway", async (world) => {
    await deploy(world, "a")
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", world.path("services", "/a"))
      equal(body.spec?.type, "ExternalName")
    })
  })

  it.withFunctions("S128: a domain is mapped to a Service once it is claimed", async (world) => {
    await deploy(world, "a")
    const domain = await map(world, { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "a" })
    await answered(world, `http://${domain}/`)
  })

  it.withFunctions(
    "S128: a domain is mapped to a plain Service, whose name the application finds as Host",
    async (world) => {
      const { namespace, wire, path } = world
      const containers = [{ name: "app", image: world.functionHost.specimen, env: [{ name: "PORT", value: "8080" }] }]
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "app", labels: { app: "plain" } },
        spec: { containers },
      }
      equal((await wire("POST", path("pods"), pod)).code, 201)
      const ports = [{ port: 80, targetPort: 8080 }]
      const metadata = { name: "plain" }
      const service = { apiVersion: "v1", kind: "Service", metadata, spec: { selector: { app: "plain" }, ports } }
      equal((await wire("POST", path("services"), service)).code, 201)
      const domain = await map(world, { apiVersion: "v1", kind: "Service", name: "plain" })
      const names = { host: `plain.${namespace}.svc.cluster.local`, "x-forwarded-host": domain }
      const reached = async () => includes((await answered(world, `http://${domain}/`)).body.headers, names)
      await eventually(world.clock, reached, functionPatienceMs)
    },
  )

  it.withFunctions("S128: a domain is mapped to whatever has an address, and says what it lacks", async (world) => {
    await deploy(world, "a")
    const { namespace, wire, path, unique, clock, patch, afterwards } = world
    const group = `${unique("things")}.example.com`
    await defineThings(world, group)
    const role = `/apis/rbac.authorization.k8s.io/v1/clusterroles`
    const may = { apiGroups: [group], resources: ["things"], verbs: ["get", "list", "watch"] }
    const labels = { "duck.knative.dev/addressable": "true" }
    const name = unique("addressable")
    await wire("POST", role, {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" },
      ...{ metadata: { name, labels }, rules: [may] },
    })
    afterwards(() => wire("DELETE", `${role}/${name}`))
    const things = `${group}/v1 things`
    const thing = { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "x" } }
    await eventually(clock, async () => equal((await wire("POST", path(things), thing)).code, 201))
    const domain = await map(
      world,
      { apiVersion: `${group}/v1`, kind: "Thing", name: "x" },
      "address not set for Thing",
    )
    const address = { url: `http://a.${namespace}.svc.cluster.local` }
    equal((await patch("merge", path(things, "/x/status"), { status: { address } })).code, 200)
    await isMapped(world, domain)
    await answered(world, `http://${domain}/`)
  })

  it.withFunctions("S144: revisions know whether they are routed, and by whom", async (world) => {
    await deploy(world, "a")
    await deploy(world, "a", { env: { VERSION: "2" } })
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", world.path("serving.knative.dev/v1 revisions"))
      const states = body.items.map(({ metadata }: { metadata: { name: string; labels: object } }) => [
        metadata.name,
        (metadata.labels as Record<string, string>)["serving.knative.dev/routingState"],
      ])
      equal(states.toSorted(), [
        ["a-00001", "reserve"],
        ["a-00002", "active"],
      ])
      equal(body.items.at(-1).metadata.annotations["serving.knative.dev/routes"], "a")
    })
  })

  it.withFunctions("S150: labels of a Service go to its children, those of the template to pods", async (world) => {
    await deploy(world, "a", { metadata: { labels: { mine: "x" } }, template: { labels: { theirs: "y" } } })
    const { body: route } = await world.wire("GET", world.path("serving.knative.dev/v1 routes", "/a"))
    includes(route.metadata.labels, { mine: "x", "serving.knative.dev/service": "a" })
    const { body: revision } = await world.wire("GET", world.path("serving.knative.dev/v1 revisions", "/a-00001"))
    const own = { theirs: "y", "serving.knative.dev/service": "a", "serving.knative.dev/configuration": "a" }
    includes(revision.metadata.labels, { ...own, "serving.knative.dev/configurationGeneration": "1" })
  })
}
