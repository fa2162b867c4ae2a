import { Revision } from "../../api/serving/revision.ts"
import { equal, holds, includes, isRefusal } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import {
  answered,
  conditionOf,
  configurations,
  deploy,
  functionOf,
  isReady,
  nowhere,
  revisions,
  routes,
  services,
  urlOf,
} from "./functions.ts"

const mappings = "serving.knative.dev/v1beta1 domainmappings"
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

/** A watch as kn opens it: of one name, from a version, ended by the server after a time. Its events. */
async function watched(world: World, resource: string, name: string, resourceVersion: string): Promise<Loose[]> {
  const query = `?watch=true&fieldSelector=metadata.name%3D${name}&resourceVersion=${resourceVersion}&timeoutSeconds=1`
  const { code, text } = await world.wire("GET", world.path(resource, query))
  equal(code, 200, text)
  return text
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** K1-K9, K17: what kn sends, as it sends it, and what it reads of the answers. */
export const kn: Statement = (it) => {
  for (const resource of [services, revisions, routes, configurations, mappings]) {
    it(`K4 K7 K8: ${resource.split(" ")[1]} are selected by name and by label`, async (world) => {
      const { wire, path } = world
      for (const selector of [
        "fieldSelector=metadata.name%3Dnobody",
        "labelSelector=serving.knative.dev%2Fservice%3Dnobody",
      ]) {
        const { code, body } = await wire("GET", path(resource, `?${selector}`))
        equal([code, body.items], [200, []])
        holds(body.metadata.resourceVersion, "a list has a version to watch from")
      }
    })
  }

  it("K1: a service is watched by its name, from the version that its creation gave, until the time is over", async (world) => {
    const { wire, path } = world
    const { body } = await wire("POST", path(services), functionOf("a", nowhere))
    await wire("POST", path(services), functionOf("b", nowhere))
    await wire("PATCH", path(services, "/a"), { metadata: { labels: { seen: "x" } } }, mergePatch)
    const events = await watched(world, services, "a", body.metadata.resourceVersion)
    holds(events.length > 0, "the change was told")
    for (const { object } of events) equal(object.metadata.name, "a")
    holds(
      events.some(({ type, object }) => type === "MODIFIED" && object.metadata.labels?.seen === "x"),
      "as it was made",
    )
  })

  it("K1: status tells the generation that it is about, and Ready always says why", async (world) => {
    const { wire, path, clock } = world
    await wire("POST", path(services), functionOf("a", nowhere))
    await eventually(clock, async () => {
      const { body } = await wire("GET", path(services, "/a"))
      equal(body.status?.observedGeneration, body.metadata.generation)
      holds(conditionOf(body, "Ready"), JSON.stringify(body))
      const { status, reason, message } = conditionOf(body, "Ready") ?? {}
      holds(["True", "False", "Unknown"].includes(status), `status ${status}`)
      holds(status === "True" || (reason && message), `reason ${reason}, message ${message}`)
    })
  })

  it("K2: an update of an old version is a conflict, and the next of the new one is none", async ({
    wire,
    path,
    patch,
    clock,
  }) => {
    const { body: old } = await wire("POST", path(services), functionOf("a", nowhere))
    await patch("merge", path(services, "/a"), { metadata: { labels: { seen: "x" } } })
    const { body, code } = await wire("PUT", path(services, "/a"), {
      ...old,
      metadata: { ...old.metadata, labels: { b: "c" } },
    })
    equal(code, 409, body.message)
    isRefusal(body, { reason: "Conflict", message: /the object has been modified/ })
    // Controllers write its status when they like: who meets one of those asks again, as kn does.
    await eventually(clock, async () => {
      const { body: now } = await wire("GET", path(services, "/a"))
      now.spec.template.metadata = {
        annotations: { "client.knative.dev/user-image": "a", "client.knative.dev/updateTimestamp": "x" },
      }
      equal((await wire("PUT", path(services, "/a"), now)).code, 200)
    })
  })

  it("K2: the image that was meant, and the time of a change, go to the revision", async ({
    wire,
    path,
    client,
    namespace,
  }) => {
    const noted = {
      "client.knative.dev/user-image": "a:latest",
      "client.knative.dev/updateTimestamp": "2026-01-01T00:00:00Z",
    }
    await wire("POST", path(services), functionOf("a", nowhere, { template: { annotations: noted } }))
    const revision = await becomes(client, Revision, { name: "a-00001", namespace }, (found) => found !== undefined)
    includes(revision?.metadata.annotations ?? {}, noted)
  })

  it("K3: what was applied last is kept, and applying it again changes nothing", async ({
    wire,
    path,
    patch,
    namespace,
    clock,
  }) => {
    const manifest = functionOf("a", nowhere)
    const applied = {
      ...manifest,
      metadata: { name: "a", namespace, annotations: { [lastApplied]: JSON.stringify(manifest) } },
    }
    await wire("POST", path(services), applied)
    await eventually(clock, async () => {
      const { body: before } = await wire("GET", path(services, "/a"))
      equal(before.metadata.annotations[lastApplied], JSON.stringify(manifest))
      // Lists go whole, without what the server has filled in.
      const again = { spec: { template: { spec: { containers: manifest.spec.template.spec.containers } } } }
      const { body: after } = await patch("merge", path(services, "/a"), again)
      equal(after.metadata.generation, 1)
      equal(after.spec, before.spec)
    })
  })

  it("K4: names that are not there or are taken are refused in words that name them", async ({ wire, path }) => {
    const { body: none } = await wire("GET", path(services, "/a"))
    isRefusal(none, { reason: "NotFound", code: 404, message: 'services.serving.knative.dev "a" not found' })
    includes(none.details, { name: "a", group: "serving.knative.dev", kind: "services" })
    await wire("POST", path(services), functionOf("a", nowhere))
    const { body: taken } = await wire("POST", path(services), functionOf("a", nowhere))
    isRefusal(taken, { reason: "AlreadyExists", code: 409, message: 'services.serving.knative.dev "a" already exists' })
  })

  it("K4: a service is deleted behind a watch, with what it owned, and the watch tells of it", async (world) => {
    const { wire, path } = world
    const { body } = await wire("POST", path(services), functionOf("a", nowhere))
    const [events] = await Promise.all([
      eventually(world.clock, async () => {
        const told = await watched(world, services, "a", body.metadata.resourceVersion)
        holds(
          told.some(({ type }) => type === "DELETED"),
          "the deletion was told",
        )
        return told
      }),
      wire("DELETE", path(services, "/a"), {
        kind: "DeleteOptions",
        apiVersion: "v1",
        propagationPolicy: "Foreground",
      }),
    ])
    equal(events.at(-1)?.object.metadata.name, "a")
    equal((await wire("GET", path(services, "/a"))).code, 404)
  })

  it.withFunctions("K5: a revision made by hand is its Configuration's, and traffic reaches it", async (world) => {
    const { wire, path } = world
    const { specimen } = world.functionHost
    const traffic = [
      { latestRevision: true, percent: 100 },
      { revisionName: "a-old", percent: 0, tag: "old" },
    ]
    await wire(
      "POST",
      path(services),
      functionOf("a", specimen, { template: { name: "a-new" }, traffic, container: hasty }),
    )
    const owner = await eventually(world.clock, async () => {
      const { code, body } = await wire("GET", path(configurations, "/a"))
      equal(code, 200)
      return body
    })
    const labels = {
      "serving.knative.dev/configuration": "a",
      "serving.knative.dev/configurationGeneration": "1",
      "serving.knative.dev/service": "a",
    }
    const { uid } = owner.metadata
    const controller = { apiVersion: "serving.knative.dev/v1", kind: "Configuration", name: "a", uid, controller: true }
    const { code, body } = await wire("POST", path(revisions), {
      apiVersion: "serving.knative.dev/v1",
      kind: "Revision",
      metadata: { name: "a-old", labels, ownerReferences: [controller] },
      spec: { containers: [{ image: specimen, ...hasty }] },
    })
    equal(code, 201, body.message)
    const service = await isReady(world, "a")
    equal(service.status.latestReadyRevisionName, "a-new")
    const tagged = service.status.traffic.find(({ tag }: Loose) => tag === "old")
    equal(tagged?.revisionName, "a-old")
    await answered(world, tagged.url)
  })

  it.withFunctions("K7: a revision is deleted by its name, and one that gets requests is missed", async (world) => {
    const { wire, path, clock } = world
    await deploy(world, "a")
    await deploy(world, "a", { env: { V: "2" } })
    equal((await wire("DELETE", path(revisions, "/a-00001"))).code, 200)
    await eventually(clock, async () => equal((await wire("GET", path(revisions, "/a-00001"))).code, 404))
    const { body } = await wire("GET", path(services, "/a"))
    equal(conditionOf(body, "Ready")?.status, "True")
    await answered(world, urlOf(body))
  })

  it("K9: a domain's reference names its namespace, and its TLS a Secret", async ({ wire, path, namespace }) => {
    const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "a", namespace }
    const { code, body } = await wire("POST", path(mappings), {
      apiVersion: "serving.knative.dev/v1beta1",
      kind: "DomainMapping",
      metadata: { name: `${namespace}.example.com` },
      spec: { ref, tls: { secretName: "certificate" } },
    })
    equal(code, 201, body.message)
    includes(body.spec, { ref, tls: { secretName: "certificate" } })
  })

  it("K15: the kinds that kn works with are told by discovery, and as CRDs of that group", async ({ wire }) => {
    const { body } = await wire("GET", "/apis/serving.knative.dev")
    holds(
      body.versions.some(({ version }: Loose) => version === "v1"),
      "serving.knative.dev/v1",
    )
    for (const plural of ["services", "revisions", "routes", "configurations", "domainmappings"]) {
      const { code } = await wire(
        "GET",
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.serving.knative.dev`,
      )
      equal(code, 200, plural)
    }
  })

  it("K17: a Secret is made of plain text, and of a certificate with its key", async ({ wire, path }) => {
    const { code, body } = await wire("POST", path("secrets"), {
      metadata: { name: "keys" },
      type: "Opaque",
      stringData: { TOKEN: "abc" },
    })
    equal([code, body.data], [201, { TOKEN: "YWJj" }])
    const half = { metadata: { name: "tls" }, type: "kubernetes.io/tls", stringData: { "tls.crt": "x" } }
    equal((await wire("POST", path("secrets"), half)).code, 422)
  })
}

/** A share of the CPU of its own, on whatever busy node. */
const hasty = { resources: { requests: { cpu: "100m" } } }
const mergePatch = { headers: { "content-type": "application/merge-patch+json" } }
