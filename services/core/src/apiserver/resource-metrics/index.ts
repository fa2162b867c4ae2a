/**
 * The resource metrics API, metrics.k8s.io/v1beta1, from the kubelets' own figures: what `kubectl top` and autoscalers
 * ask for. Nothing is stored and nothing runs between questions. It gives way to a metrics-server that is registered for
 * the same version.
 */
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import type { AnyObject, Kind } from "@wick/sdk/api/kind"
import { NodeMetrics } from "@wick/sdk/api/metrics/node-metrics"
import { PodMetrics } from "@wick/sdk/api/metrics/pod-metrics"
import { openapiSchema } from "@wick/sdk/api/openapi"
import type { Entry } from "../entry.ts"
import { parseObject } from "../object-bytes.ts"
import type { Server } from "../request-context.ts"
import { builtinResource, type Named, type ServedResource } from "../served-resource.ts"
import { type Measured, nodeMetrics, podMetrics } from "./metrics-object.ts"
import { NodeSamples } from "./node-samples.ts"

/** Nodes and pods of metrics.k8s.io, whose objects are made when they are asked for. */
export function metricsResources(server: Server): ServedResource[] {
  const metrics = new ResourceMetrics(server)
  return [
    computed(NodeMetrics as unknown as Kind, (asked) => metrics.nodes(asked)),
    computed(PodMetrics as unknown as Kind, (asked) => metrics.pods(asked)),
  ]
}

function computed(kind: Kind, make: ServedResource["computed"]): ServedResource {
  const { schema, components } = openapiSchema(kind)
  return { ...builtinResource(kind, schema, components), computed: make }
}

class ResourceMetrics {
  readonly #server: Server
  readonly #samples: NodeSamples

  constructor(server: Server) {
    this.#server = server
    this.#samples = new NodeSamples(server.nodeProxy, server.clock)
  }

  async nodes(asked: Named): Promise<AnyObject[]> {
    const entries = await this.#entries(Node as unknown as Kind, asked)
    if (asked.name === "") this.#samples.keepOnly(new Set(entries.map(({ name }) => name)))
    const objects = await Promise.all(
      entries.map(async (entry) => {
        const pair = await this.#samples.of(entry.name)
        return pair && nodeMetrics(entry, pair, this.#server.clock.now())
      }),
    )
    return objects.filter((object) => object !== undefined)
  }

  async pods(asked: Named): Promise<AnyObject[]> {
    const entries = await this.#entries(Pod as unknown as Kind, asked)
    const pods = entries.map((entry) => placed(entry, parseObject(entry.bytes) as unknown as Pod))
    const nodes = [...new Set(pods.flatMap(({ node }) => node ?? []))]
    const pairs = new Map(await Promise.all(nodes.map(async (node) => [node, await this.#samples.of(node)] as const)))
    const now = this.#server.clock.now()
    return pods.flatMap(({ pod, node, containers }) => {
      const pair = node === undefined ? undefined : pairs.get(node)
      return (pair && podMetrics(pod, containers, pair, now)) ?? []
    })
  }

  async #entries(kind: Kind, { namespace, name }: Named): Promise<readonly Entry[]> {
    const { store, registry } = this.#server
    const resource = registry.find(kind.group, kind.version, kind.plural)
    if (!resource) return []
    if (name !== "") {
      const found = await store.find(resource, namespace, name)
      return found ? [found] : []
    }
    const cache = store.cache(resource)
    await cache.fresh()
    return cache.list(namespace)
  }
}

interface Placed {
  readonly pod: Measured
  readonly node: string | undefined
  readonly containers: readonly string[]
}

function placed(pod: Measured, { spec }: Pod): Placed {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")
  const containers = [...spec.containers, ...sidecars].map(({ name }) => name)
  return { pod, node: spec.nodeName, containers }
}
