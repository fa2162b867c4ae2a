import type { Pod } from "@wick/sdk/api/core/pod"
import type { DnsSettings } from "../runtime/runtime.ts"

export interface ClusterDns {
  readonly servers: readonly string[]
  /** `cluster.local` */
  readonly domain: string
}

/** What a resolver takes at most. */
const serversMax = 3
const searchesMax = 32
/** With this many dots or more a name is tried as it is first. */
const clusterDots = "ndots:5"

/** Pure: a resolv.conf as settings. */
export function parseResolvConf(text: string): DnsSettings {
  const settings = { servers: [] as string[], searches: [] as string[], options: [] as string[] }
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line.trim().split(/\s+/)
    if (keyword === "nameserver") settings.servers.push(...words.slice(0, 1))
    if (keyword === "search" || keyword === "domain") settings.searches = words
    if (keyword === "options") settings.options.push(...words)
  }
  return settings
}

/** Pure: where a pod's names are looked up. */
export function podDns(pod: Pod, cluster: ClusterDns, host: DnsSettings): DnsSettings {
  const { dnsPolicy, dnsConfig, hostNetwork } = pod.spec
  const ofCluster =
    cluster.servers.length > 0 &&
    (dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork))
  const base: DnsSettings =
    dnsPolicy === "None"
      ? { servers: [], searches: [], options: [] }
      : ofCluster
        ? clusterDns(pod, cluster, host)
        : host
  const own = (dnsConfig?.options ?? []).map(({ name = "", value }) =>
    value === undefined ? name : `${name}:${value}`,
  )
  const named = new Set(own.map(optionName))
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, serversMax),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]).slice(0, searchesMax),
    options: [...base.options.filter((option) => !named.has(optionName(option))), ...own],
  }
}

function clusterDns(pod: Pod, { servers, domain }: ClusterDns, host: DnsSettings): DnsSettings {
  const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain]
  return { servers, searches: [...searches, ...host.searches], options: [clusterDots] }
}

function optionName(option: string): string {
  return option.split(":")[0] ?? option
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
