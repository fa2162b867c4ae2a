import { type Config, domainOf } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"

const visibility = "networking.knative.dev/visibility"
const schemePorts: Record<string, number> = { http: 80, https: 443 }

/** Whether only pods of the cluster may call the route. */
export function isClusterLocal({ metadata }: Route): boolean {
  return metadata.labels?.[visibility] === "cluster-local"
}

export function clusterLocalUrl(name: string, namespace: string): string {
  return `http://${name}.${namespace}.svc.cluster.local`
}

/** The URL at which a route, or a tag of it under the name `host`, is called from outside. */
export function routeUrl(config: Config, route: Route, host: string): string {
  const scheme = config.network["default-external-scheme"]
  const port = config.network["external-port"]
  const shown = port === schemePorts[scheme] ? "" : `:${port}`
  return `${scheme}://${host}.${route.metadata.namespace}.${domainOf(config.domain, route.metadata.labels)}${shown}`
}
