import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { parseObject } from "../object-bytes.ts"
import type { Server } from "../request-context.ts"
import type { ServedResource } from "../served-resource.ts"
import type { Watcher } from "../watch-cache.ts"
import { type Resolution, resolve } from "./resolve.ts"
import type { ServiceReference } from "./route.ts"

const serviceLabel = "kubernetes.io/service-name"

/** Services and their endpoints as the server's own caches have them: nothing is kept or asked for a second time. */
export class Backends {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  async of(reference: ServiceReference): Promise<Resolution> {
    const { store } = this.#server
    const { namespace, name } = reference
    const service = await store.find(this.#resource(Service), namespace, name)
    const slices = store.cache(this.#resource(EndpointSlice))
    await slices.fresh()
    return resolve(
      reference,
      service && (parseObject(service.bytes) as unknown as Service),
      slices
        .list(namespace)
        .filter(({ labels }) => labels[serviceLabel] === name)
        .map(({ bytes }) => parseObject(bytes) as unknown as EndpointSlice),
    )
  }

  /** Tells `namespace/name` of every Service whose way may have changed, until it is stopped. */
  follow(onChange: (service: string) => void): () => void {
    const stops = [
      this.#follow(this.#resource(Service), ({ namespace, name }) => onChange(`${namespace}/${name}`)),
      this.#follow(this.#resource(EndpointSlice), ({ namespace, labels }) =>
        onChange(`${namespace}/${labels[serviceLabel] ?? ""}`),
      ),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }

  #follow(
    resource: ServedResource,
    tell: (object: { namespace: string; name: string; labels: Readonly<Record<string, string>> }) => void,
  ): () => void {
    const cache = this.#server.store.cache(resource)
    let stop = (): void => {}
    let isOver = false
    const watcher: Watcher = {
      onEvent: ({ before, after }) => {
        const entry = after ?? before
        if (entry) tell(entry)
      },
      onLost: () => void begin(),
    }
    const begin = async (): Promise<void> => {
      await cache.fresh().catch(() => {
        isOver = true
      })
      if (!isOver) stop = cache.subscribe(cache.revision, watcher)
    }
    void begin()
    return () => {
      isOver = true
      stop()
    }
  }

  #resource({ group, version, plural }: { group: string; version: string; plural: string }): ServedResource {
    const found = this.#server.registry.find(group, version, plural)
    if (!found) throw new Error(`${plural} are not served`)
    return found
  }
}
