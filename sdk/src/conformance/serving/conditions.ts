import { Revision } from "../../api/serving/revision.ts"
import { Route } from "../../api/serving/route.ts"
import { Service } from "../../api/serving/service.ts"
import { equal, holds, says } from "../expectation.ts"
import { becomes } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import {
  ask,
  type Changes,
  conditionOf,
  deploy,
  functionOf,
  functionPatienceMs,
  revisions,
  services,
  urlOf,
} from "./functions.ts"

/** S50–S56: what objects say of themselves. */
export const conditions: Statement = (it) => {
  it.withFunctions("S50: a Ready Service has all its conditions True, of its generation", async (world) => {
    const service = await deploy(world, "a")
    for (const type of ["Ready", "ConfigurationsReady", "RoutesReady"])
      equal(conditionOf(service, type)?.status, "True", type)
    equal(service.status.observedGeneration, service.metadata.generation)
    equal(service.status.latestReadyRevisionName, "a-00001")
    equal(service.status.address.url, `http://a.${world.namespace}.svc.cluster.local`)
  })

  it.withFunctions(
    "S51 S53: an image that is not there fails revision, Configuration and Service, by name",
    async (world) => {
      const { specimen } = world.functionHost
      const image = `${specimen.replace(/[:@][^/]*$/, "")}-that-is-not-there`
      await world.wire("POST", world.path(services), functionOf("a", image))
      const revision = await fails(world, Revision, "a-00001", "ContainerHealthy")
      equal(revision.reason, "ContainerMissing")
      says(revision.message, /Unable to fetch image ".*that-is-not-there.*": /)
      const service = await fails(world, Service, "a", "ConfigurationsReady")
      equal(service.reason, "RevisionFailed")
      says(service.message, /^Revision "a-00001" failed with message: /)
    },
  )

  it.withFunctions("S51: an image that no registry has by its digest is told in the node's words", async (world) => {
    const digest = `sha256:${"0".repeat(64)}`
    await take(world, { container: { image: `${world.functionHost.specimen}@${digest}` } })
    const { reason } = await fails(world, Revision, "a-00001", "Ready")
    holds(["ErrImagePull", "ImagePullBackOff"].includes(reason), reason)
    equal((await fails(world, Service, "a", "ConfigurationsReady")).reason, "RevisionFailed")
  })

  it.withFunctions("S51: a Service whose revision failed has a Route that is not ready either", async (world) => {
    await take(world, { env: { CRASH: "5" } })
    for (const type of ["Ready", "ConfigurationsReady", "RoutesReady"]) {
      const { reason, message } = await fails(world, Service, "a", type)
      holds(reason && message, `${type}: ${reason} ${message}`)
    }
    await fails(world, Route, "a", "Ready")
  })

  it.withFunctions("S53: pods that a quota forbids are told in its words", async (world) => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" } }
    const hard = { "requests.cpu": "50m", "limits.cpu": "100m" }
    await world.wire("POST", world.path("resourcequotas"), { ...quota, spec: { hard } })
    await take(world, { container: { resources: { requests: { cpu: "200m" }, limits: { cpu: "500m" } } } })
    says((await fails(world, Revision, "a-00001", "Ready")).message, /forbidden: exceeded quota/)
    equal((await fails(world, Service, "a", "ConfigurationsReady")).reason, "RevisionFailed")
  })

  it.withFunctions("S53: a container that ends is told with its code and last words", async (world) => {
    await take(world, { env: { CRASH: "7" } })
    const { reason, message } = await fails(world, Revision, "a-00001", "ContainerHealthy")
    equal(reason, "ExitCode7")
    says(message, /^Container failed with: .*crashing on purpose/s)
  })

  it.withFunctions("S53: a pod that fits nowhere is told in the scheduler's words", async (world) => {
    await take(world, { container: { resources: { requests: { cpu: "9999" } } } })
    const { reason, message } = await fails(world, Revision, "a-00001", "ResourcesAvailable")
    equal(reason, "Unschedulable")
    says(message, /Insufficient cpu/)
  })

  it.withFunctions("S54: traffic to a revision that is not there is RevisionMissing", async (world) => {
    await deploy(world, "a")
    await world.patch("merge", world.path(services, "/a"), {
      spec: { traffic: [{ revisionName: "a-none", percent: 100 }] },
    })
    const { reason, message } = await fails(world, Route, "a", "AllTrafficAssigned")
    equal(reason, "RevisionMissing")
    equal(message, 'Revision "a-none" referenced in traffic not found.')
  })

  it.withFunctions("S54: without TLS a Route says TLSNotEnabled", async (world) => {
    await deploy(world, "a")
    const { body } = await world.wire("GET", world.path("serving.knative.dev/v1 routes", "/a"))
    equal(conditionOf(body, "CertificateProvisioned")?.reason, "TLSNotEnabled")
  })

  it.withFunctions("S52: Active is told beside Ready, and says when nobody asks", async (world) => {
    await deploy(world, "a", { template: { annotations: { "autoscaling.knative.dev/window": "6s" } } })
    const revision = await becomes(
      world.client,
      Revision,
      { name: "a-00001", namespace: world.namespace },
      (found) => conditionOf(found, "Active")?.status === "False",
      functionPatienceMs,
    )
    const active = conditionOf(revision, "Active")
    equal(
      [active?.reason, active?.message, active?.severity],
      ["NoTraffic", "The target is not receiving traffic.", "Info"],
    )
    equal(conditionOf(revision, "Ready")?.status, "True")
  })

  it.withFunctions("S56: a condition's time moves only with its status", async (world) => {
    const before = conditionOf(await deploy(world, "a"), "Ready")
    const after = conditionOf(await deploy(world, "a", { metadata: { labels: { mine: "x" } } }), "Ready")
    equal(after?.lastTransitionTime, before?.lastTransitionTime)
  })

  it.withFunctions(
    "S124: one request straight after Ready is answered by the revision that is Ready",
    async (world) => {
      for (const version of ["1", "2", "3"]) {
        const service = await deploy(world, "a", { env: { VERSION: version } })
        const { status, body } = await ask(world, urlOf(service))
        equal([status, body?.env.VERSION], [200, version])
      }
      const { body } = await world.wire("GET", world.path(revisions))
      holds(
        body.items.every((revision: Loose) => conditionOf(revision, "Ready")?.status === "True"),
        "all stay Ready",
      )
    },
  )
}

async function take(world: World, changes: Changes): Promise<void> {
  const { code, body } = await world.wire(
    "POST",
    world.path(services),
    functionOf("a", world.functionHost.specimen, changes),
  )
  equal(code, 201, JSON.stringify(body))
}

async function fails(
  { client, namespace }: World,
  kind: typeof Revision | typeof Route | typeof Service,
  name: string,
  type: string,
): Promise<Loose> {
  const isFalse = (object: Loose): boolean => conditionOf(object, type)?.status === "False"
  return conditionOf(await becomes(client, kind, { name, namespace }, isFalse, functionPatienceMs), type)
}
