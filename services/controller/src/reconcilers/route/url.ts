import type { Route } from "@wick/sdk/api/serving/route"
import type { Config } from "../../config/config.ts"

const visibility = "networking.knative.dev/visibility"
const schemePorts: Record<string, number> = { http: 80, https: 443 }
const domainDefault = "svc.cluster.local"

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
  return `${scheme}://${host}.${route.metadata.namespace}.${domainOf(config, route)}${shown}`
}

/** The domain whose selector matches the route's labels; the most specific selector wins, an empty one matches all. */
function domainOf(config: Config, { metadata }: Route): string {
  const matching = Object.entries(config.domain)
    .map(([domain, text]) => ({ domain, selector: parseSelector(text) }))
    .filter(({ selector }) => selector.every(([label, value]) => metadata.labels?.[label] === value))
    .toSorted((a, b) => b.selector.length - a.selector.length)
  return matching[0]?.domain ?? domainDefault
}

/** The selector of a domain, written as YAML: `selector:` and below it one `label: value` a line. */
function parseSelector(text: string): [string, string][] {
  const lines = text.split("\n").map((line) => line.trim())
  const pairs = lines.map((line) => /^([^:]+):\s*"?([^"]+)"?$/.exec(line))
  return pairs.flatMap((match) => (match?.[1] && match[2] ? [[match[1], match[2]] as [string, string]] : []))
}
