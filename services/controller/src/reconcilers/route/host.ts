import type { Service } from "@wick/sdk/api/core/service"
import { type Config, domainOf } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"
import { labels } from "../../labels.ts"

/** ExternalIP: everybody may call; ClusterLocal: only pods of the cluster. */
export type Visibility = "ExternalIP" | "ClusterLocal"

const clusterDomain = "svc.cluster.local"
const schemePorts: Record<string, number> = { http: 80, https: 443 }

/** The name under which a tag of a route, or with "" the route itself, is called: that of its placeholder Service too. */
export function hostLabel(config: Config, route: string, tag: string): string {
  return tag === "" ? route : config.network["tag-template"].execute({ Name: route, Tag: tag })
}

/** Host by which clients outside call. */
export function externalHost(config: Config, { metadata }: Route, label: string): string {
  return config.network["domain-template"].execute({
    Name: label,
    Namespace: metadata.namespace ?? "",
    Domain: domainOf(config.domain, metadata.labels),
    Labels: new Map(Object.entries(metadata.labels ?? {})),
    Annotations: new Map(Object.entries(metadata.annotations ?? {})),
  })
}

/** Host by which pods call. */
export function clusterHost(label: string, namespace: string): string {
  return `${label}.${namespace}.${clusterDomain}`
}

/** A pod may leave the end of a name in the cluster to its resolver, and then sends it so. */
export function clusterHosts(label: string, namespace: string): string[] {
  return [`${label}.${namespace}`, `${label}.${namespace}.svc`, clusterHost(label, namespace)]
}

export interface Shown {
  readonly visibility: (tag: string) => Visibility
  /** Hosts that are told with https, because there is a certificate for them. */
  readonly secure: ReadonlySet<string>
}

/** The URL of a tag, or with "" of the route itself. */
export function urlOf(config: Config, route: Route, tag: string, { visibility, secure }: Shown): string {
  const label = hostLabel(config, route.metadata.name, tag)
  if (visibility(tag) === "ClusterLocal") return clusterUrl(clusterHost(label, route.metadata.namespace ?? ""), secure)
  const host = externalHost(config, route, label)
  return secure.has(host) ? secureUrl(config, host) : shownUrl(config, host)
}

/** The URL by which pods call a host. */
export function clusterUrl(host: string, secure: ReadonlySet<string>): string {
  return `${secure.has(host) ? "https" : "http"}://${host}`
}

/** The URL by which clients outside call a host by a certificate of its own. */
export function secureUrl(config: Config, host: string): string {
  const port = config.network["external-https-port"]
  return `https://${host}${port === schemePorts.https ? "" : `:${port}`}`
}

/** The URL by which clients outside call a host. */
export function shownUrl(config: Config, host: string): string {
  const scheme = config.network["default-external-scheme"]
  const port = config.network["external-port"]
  return `${scheme}://${host}${port === schemePorts[scheme] ? "" : `:${port}`}`
}

/**
 * Who may call under a tag: everybody, unless the route, its domain or the tag's own placeholder Service is for the
 * cluster only.
 */
export function visibilityOf(
  config: Config,
  route: Route,
  placeholder: Pick<Service, "metadata"> | undefined,
): Visibility {
  const isLocal =
    isMarkedLocal(route) ||
    domainOf(config.domain, route.metadata.labels) === clusterDomain ||
    (placeholder !== undefined && isMarkedLocal(placeholder))
  return isLocal ? "ClusterLocal" : "ExternalIP"
}

function isMarkedLocal({ metadata }: Pick<Service, "metadata"> | Route): boolean {
  return metadata.labels?.[labels.visibility] === "cluster-local"
}
