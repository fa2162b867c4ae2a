import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { Scale } from "@wick/sdk/api/autoscaling/scale"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { type Client, resourcePath } from "@wick/sdk/client"

type Target = HorizontalPodAutoscaler["spec"]["scaleTargetRef"]

interface Resources {
  readonly resources: readonly { readonly name: string; readonly kind: string }[]
}

/** The next look is not far. */
const attemptsMax = 4

export interface ScaleAt {
  readonly path: string
  readonly scale: Scale
}

/** Whatever has a `scale`: built in or custom. By which path it is reached is asked once. */
export class ScaleTargets {
  readonly #client: Client
  /** Plural names, by `apiVersion/kind`. */
  readonly #plurals = new Map<string, string>()

  constructor(client: Client) {
    this.#client = client
  }

  async read(target: Target, namespace: string): Promise<ScaleAt> {
    const { apiVersion = "v1", kind, name } = target
    const key = `${apiVersion}/${kind}`
    const plural = this.#plurals.get(key) ?? (await this.#pluralOf(apiVersion, kind))
    const [version = "", group = ""] = apiVersion.split("/").toReversed()
    const reference = { group, version, apiVersion, kind, plural, namespaced: true }
    const path = resourcePath(reference, { namespace, name, subresource: "scale" })
    const response = await this.#client.request(path)
    this.#plurals.set(key, plural)
    return { path, scale: (await response.json()) as Scale }
  }

  /**
   * Refused when somebody else has scaled it since it was read. That something else of it was written meanwhile, such as
   * its status, is no reason.
   */
  async write({ path, scale }: ScaleAt, replicas: number): Promise<void> {
    for (let from = scale, attempts = 1; ; attempts++) {
      try {
        await this.#client.request(path, {
          method: "PUT",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ...from, spec: { ...from.spec, replicas } }),
        })
        return
      } catch (error) {
        if (!isStatus(error, "Conflict") || attempts === attemptsMax) throw error
        from = (await (await this.#client.request(path)).json()) as Scale
        if (from.spec?.replicas !== scale.spec?.replicas) throw error
      }
    }
  }

  async #pluralOf(apiVersion: string, kind: string): Promise<string> {
    const nothing = new Error(`no matches for kind "${kind}" in version "${apiVersion}"`)
    const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const response = await this.#client.request(path).catch((error: unknown) => {
      throw isStatus(error, "NotFound") ? nothing : error
    })
    const { resources } = (await response.json()) as Resources
    const found = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"))
    if (found === undefined) throw nothing
    return found.name
  }
}
