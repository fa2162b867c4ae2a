import { Deployment } from "../../api/apps/deployment.ts"
import { Revision } from "../../api/serving/revision.ts"
import { equal, holds } from "../expectation.ts"
import { becomes, eventually } from "../patience.ts"
import type { Loose } from "../samples.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import {
  answered,
  ask,
  type Changes,
  conditionOf,
  configurations,
  deploy,
  functionOf,
  functionPatienceMs,
  routes,
  services,
  urlOf,
} from "./functions.ts"

const autoscalers = "autoscaling.internal.knative.dev/v1alpha1 podautoscalers"
const scaled = (annotations: Readonly<Record<string, string>>): Changes => ({
  template: {
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value]),
    ),
  },
})

/** S8, S9, S80–S98: how many pods there are. */
export const scaling: Statement = (it) => {
  it.withFunctions("S8: a PodAutoscaler names its target, its reachability and what it scaled to", async (world) => {
    await deploy(world, "a")
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", world.path(autoscalers, "/a-00001"))
      equal(body.spec.scaleTargetRef, { apiVersion: "apps/v1", kind: "Deployment", name: "a-00001-deployment" })
      equal([body.spec.reachability, body.spec.protocolType], ["Reachable", "http1"])
      equal([body.status.serviceName, body.status.desiredScale], ["a-00001", 1])
      for (const type of ["Ready", "Active", "ScaleTargetInitialized", "SKSReady"])
        equal(conditionOf(body, type)?.status, "True", type)
    })
  })

  it.withFunctions(
    "S81: min-scale pods are there before a revision is Ready, and a live change is followed",
    async (world) => {
      await deploy(world, "a", scaled({ "min-scale": "2" }))
      equal(await replicas(world, (count) => count === 2), 2)
      const change = { metadata: { annotations: { "autoscaling.knative.dev/min-scale": "3" } } }
      await world.patch("merge", world.path("serving.knative.dev/v1 revisions", "/a-00001"), change)
      equal(await replicas(world, (count) => count === 3), 3)
    },
  )

  it.withFunctions("S82: there are never more than max-scale", async (world) => {
    const service = await deploy(world, "a", { ...scaled({ "max-scale": "2", target: "1" }) })
    const calls = Array.from({ length: 10 }, () => ask(world, urlOf(service, "/sleep?ms=2500")))
    equal(await replicas(world, (count) => count === 2), 2)
    await Promise.all(calls)
    const { body } = await world.wire("GET", world.path("apps/v1 deployments", "/a-00001-deployment"))
    holds(body.spec.replicas <= 2, "no third pod")
  })

  it.withFunctions("S83: initial-scale pods are there at first", async (world) => {
    await deploy(world, "a", scaled({ "initial-scale": "2" }))
    equal(await replicas(world, (count) => count >= 2), 2)
  })

  it.withFunctions("S84: the first request lights activation-scale pods", async (world) => {
    const service = await deploy(world, "a", scaled({ "activation-scale": "2", window: "6s" }))
    await replicas(world, (count) => count === 0)
    await answered(world, urlOf(service))
    equal(await replicas(world, (count) => count === 2), 2)
  })

  it.withFunctions("S93: nothing runs when nobody asks, and the next request is answered", async (world) => {
    const service = await deploy(world, "a", scaled({ window: "6s" }))
    equal(await replicas(world, (count) => count === 0), 0)
    await answered(world, urlOf(service))
  })

  it.withFunctions("S92: load scales out", async (world) => {
    const service = await deploy(world, "a", {
      ...scaled({ target: "1", window: "6s" }),
      spec: { containerConcurrency: 1 },
    })
    // Where thirty others start pods at the same time the first rounds may be over before there is a second one.
    const answers = async (): Promise<void> => {
      const replies = await Promise.all(Array.from({ length: 4 }, () => ask(world, urlOf(service, "/sleep?ms=3000"))))
      equal(
        replies.map(({ status }) => status),
        [200, 200, 200, 200],
      )
      holds(new Set(replies.map(({ body }) => body.hostname)).size >= 2, "several pods answered")
    }
    await eventually(world.clock, answers, functionPatienceMs)
  })

  it.withFunctions("S97: what has no traffic is Unreachable and goes to zero, min-scale or not", async (world) => {
    await deploy(world, "a", scaled({ "min-scale": "1", window: "6s" }))
    await deploy(world, "a", scaled({ window: "6s" }))
    equal(await replicas(world, (count) => count === 0), 0)
    const { body } = await world.wire("GET", world.path(autoscalers, "/a-00001"))
    equal(body.spec.reachability, "Unreachable")
  })

  it.withFunctions("S97: so does the newest revision when its Route is gone", async (world) => {
    const { wire, path } = world
    const { template } = functionOf("a", world.functionHost.specimen, scaled({ "min-scale": "1", window: "6s" })).spec
    const group = { apiVersion: "serving.knative.dev/v1", metadata: { name: "a" } }
    await wire("POST", path(configurations), { ...group, kind: "Configuration", spec: { template } })
    const traffic = [{ configurationName: "a", percent: 100 }]
    await wire("POST", path(routes), { ...group, kind: "Route", spec: { traffic } })
    const isRouted = (revision: Loose): boolean =>
      revision?.metadata.labels["serving.knative.dev/routingState"] === "active"
    await becomes(world.client, Revision, { name: "a-00001", namespace: world.namespace }, isRouted, functionPatienceMs)
    equal(await replicas(world, (count) => count === 1), 1)
    await wire("DELETE", path(routes, "/a"))
    equal(await replicas(world, (count) => count === 0), 0)
  })

  it.withFunctions("S98: annotations may be written in camel case", async (world) => {
    await deploy(world, "a", scaled({ minScale: "2" }))
    equal(await replicas(world, (count) => count === 2), 2)
  })

  it.withFunctions("S95: the HPA class makes a HorizontalPodAutoscaler of the revision's name", async (world) => {
    await deploy(
      world,
      "a",
      scaled({ class: "hpa.autoscaling.knative.dev", metric: "cpu", target: "70", "max-scale": "3" }),
    )
    await eventually(world.clock, async () => {
      const { body } = await world.wire("GET", world.path("autoscaling/v2 horizontalpodautoscalers", "/a-00001"))
      equal(body.spec.maxReplicas, 3)
      equal(body.spec.metrics?.[0]?.resource, { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } })
    })
  })

  it.withFunctions(
    "S9 S11: a revision has a ServerlessService and a Metric, and Services that tell where it is served",
    async (world) => {
      await deploy(world, "a", scaled({ "min-scale": "1" }))
      await eventually(world.clock, async () => {
        const networking = "networking.internal.knative.dev/v1alpha1 serverlessservices"
        const { body } = await world.wire("GET", world.path(networking, "/a-00001"))
        equal([body.spec.protocolType, body.spec.objectRef.name], ["http1", "a-00001-deployment"])
        equal([body.status.serviceName, body.status.privateServiceName], ["a-00001", "a-00001-private"])
        for (const name of ["a-00001", "a-00001-private"])
          equal((await world.wire("GET", world.path("services", `/${name}`))).code, 200, name)
        const metric = await world.wire(
          "GET",
          world.path("autoscaling.internal.knative.dev/v1alpha1 metrics", "/a-00001"),
        )
        equal(metric.body.spec.scrapeTarget, "a-00001-private")
      })
    },
  )

  it.withFunctions(
    "S9: with a burst capacity without end, activators stand before a revision that runs",
    async (world) => {
      await deploy(world, "a", scaled({ "target-burst-capacity": "-1", "min-scale": "1" }))
      const addresses = async (at: string): Promise<string[]> => {
        const { subsets = [] } = (await world.wire("GET", at)).body
        return subsets.flatMap((subset: Loose) => subset.addresses ?? []).map(({ ip }: Loose) => ip)
      }
      await eventually(
        world.clock,
        async () => {
          const activators = await addresses("/api/v1/namespaces/knative-serving/endpoints/activator-service")
          const before = await addresses(world.path("endpoints", "/a-00001"))
          holds(before.length > 0 && before.every((ip) => activators.includes(ip)), `${before} of ${activators}`)
        },
        functionPatienceMs,
      )
      equal((await addresses(world.path("endpoints", "/a-00001-private"))).length, 1)
    },
  )

  it.withFunctions("S85: a Service that is deleted takes its pods with it", async (world) => {
    await deploy(world, "a", scaled({ "min-scale": "1" }))
    await world.wire("DELETE", world.path(services, "/a"))
    await eventually(
      world.clock,
      async () => equal((await world.wire("GET", world.path("pods"))).body.items.length, 0),
      functionPatienceMs,
    )
  })
}

/** Waits until the first revision's Deployment asks for a number of pods that satisfies. */
async function replicas({ client, namespace }: World, satisfies: (count: number) => boolean): Promise<number> {
  const reference = { name: "a-00001-deployment", namespace }
  const found: Loose = await becomes(
    client,
    Deployment,
    reference,
    (deployment) => satisfies(deployment?.spec?.replicas ?? -1),
    functionPatienceMs,
  )
  return found.spec.replicas
}
