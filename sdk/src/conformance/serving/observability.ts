import { Pod } from "../../api/core/pod.ts"
import { equal, holds, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import type { World } from "../world.ts"
import { answered, deploy, functionPatienceMs, urlOf } from "./functions.ts"

const map = "/api/v1/namespaces/knative-serving/configmaps/config-observability"

/** S147, S148: where figures go, and what they are called. */
export const observability: Statement = (it) => {
  for (const [title, data, wanted] of [
    ["a protocol that there is not", { "metrics-protocol": "statsd" }, /unsupported protocol "statsd"/],
    [
      "a collector without its address",
      { "metrics-protocol": "grpc" },
      /endpoint should be set when protocol is "grpc"/,
    ],
    [
      "an address without a protocol, of requests too",
      { "request-metrics-protocol": "none", "request-metrics-endpoint": "http://collector:4318" },
      /endpoint should not be set when protocol is "none"/,
    ],
    ["a negative interval", { "metrics-export-interval": "-5s" }, /export interval "-5s" should be greater than zero/],
    ["profiling that is neither on nor off", { "runtime-profiling": "sometimes" }, /unsupported profile setting/],
  ] as const) {
    it(`S147: config-observability refuses ${title}`, async ({ patch }) => {
      const { body, code } = await patch("merge", `${map}?dryRun=All`, { data })
      equal(code, 400, `answered ${code}: ${body.message}`)
      says(body.message, wanted)
    })
  }

  it.withFunctions(
    "S148: a collector that config-observability names is told of functions by Knative's names",
    async (world) => {
      const collector = await deploy(world, "collector", {
        template: { annotations: { "autoscaling.knative.dev/min-scale": "1" } },
      })
      await sendTo(world, `http://${await addressOf(world, "collector")}:8080/v1/metrics`)
      const service = await deploy(world, "a")
      const revision = [world.namespace, "a-00001", "kn.service.name", "kn.configuration.name", "kn.revision.name"]
      for (const words of [
        ["kn.revision.pods.desired", "kn.revision.pods.requested", "kn.revision.pods.count", ...revision],
        ["kn.revision.pods.not_ready.count", "kn.revision.pods.pending.count", "kn.revision.pods.terminating.count"],
        ["kn.revision.concurrency.stable", "kn.revision.concurrency.panic", "kn.revision.concurrency.target"],
        ["kn.revision.panic.mode", "kn.revision.capacity.excess", ...revision],
        ["kn.revision.request.concurrency", ...revision],
        ["kn.serving.invocation.duration", "http.response.status_code", ...revision],
        ["http.server.request.duration", "http.request.method", ...revision],
        ["kn.serving.queue.depth", ...revision],
        ["kn.workqueue.depth", "kn.workqueue.process.duration"],
      ]) {
        await eventually(
          world.clock,
          async () => {
            await answered(world, urlOf(service))
            const query = new URLSearchParams(words.map((word) => ["word", word]))
            const { body } = await answered(world, urlOf(collector, `/told?${query}`))
            holds(body.told, `a message has ${words.join(", ")}`)
          },
          functionPatienceMs,
        )
      }
    },
  )
}

/** Everything twice a second, until the case has ended. */
async function sendTo({ wire, patch, afterwards }: World, endpoint: string): Promise<void> {
  const data: Record<string, string> = {}
  for (const prefix of ["", "request-"]) {
    data[`${prefix}metrics-protocol`] = "http/protobuf"
    data[`${prefix}metrics-endpoint`] = endpoint
    data[`${prefix}metrics-export-interval`] = "500ms"
  }
  const { body } = await wire("GET", map)
  const before = Object.fromEntries(Object.keys(data).map((key) => [key, body.data?.[key] ?? null]))
  afterwards(() => patch("merge", map, { data: before }))
  equal((await patch("merge", map, { data })).code, 200)
}

async function addressOf({ client, namespace }: World, name: string): Promise<string> {
  const { items } = await client.list(Pod, { namespace, labelSelector: `serving.knative.dev/service=${name}` })
  const address = items.find(({ metadata }) => !metadata.deletionTimestamp)?.status?.podIP
  holds(address, "its pod has an address")
  return address as string
}
