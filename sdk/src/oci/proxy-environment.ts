import { BlockList, isIP } from "node:net"

/** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in capitals or not, as curl, Docker and containerd read them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

/**
 * The proxy by which a host is to be reached, if the environment names one. This machine is never reached through one, and
 * no host that `NO_PROXY` has: `*`, an address, a range of them (`10.0.0.0/8`), or a domain, which stands for all within it;
 * each may name a port.
 */
export function proxyFor({ protocol, hostname, port }: URL, env: ProxyEnvironment): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, "")
  const proxy = read(env, protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY")
  if (proxy === undefined || isThisMachine(host)) return undefined
  const rules = (read(env, "NO_PROXY") ?? "").split(",").map((rule) => rule.trim().toLowerCase())
  const asked = { host, port: port || (protocol === "https:" ? "443" : "80") }
  if (rules.some((rule) => rule !== "" && covers(rule, asked))) return undefined
  return proxy.includes("://") ? proxy : `http://${proxy}`
}

function read(env: ProxyEnvironment, name: string): string | undefined {
  return env[name] || env[name.toLowerCase()] || undefined
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "::1" || /^127\./.test(host)
}

function covers(rule: string, { host, port }: { readonly host: string; readonly port: string }): boolean {
  if (rule === "*") return true
  const [, name = rule, rulePort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(rule) ?? []
  if (rulePort !== undefined && rulePort !== port) return false
  const bare = name.replace(/^\[|\]$/g, "")
  const version = isIP(host)
  if (version !== 0) return bare.includes("/") ? inRange(host, version, bare) : bare === host
  const domain = bare.replace(/^\*?\./, "")
  return (domain === bare && host === domain) || host.endsWith(`.${domain}`)
}

function inRange(host: string, version: number, range: string): boolean {
  const [base = "", bits = ""] = range.split("/")
  if (isIP(base) !== version || !/^\d+$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false
  const type = version === 4 ? "ipv4" : "ipv6"
  const list = new BlockList()
  list.addSubnet(base, Number(bits), type)
  return list.check(host, type)
}
