import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { IngressPath, IngressRule } from "@wick/sdk/api/networking-internal/ingress-rule"
import { currentCondition } from "../../conditions.ts"

type Challenge = NonNullable<NonNullable<Certificate["status"]>["http01Challenges"]>[number]

/** Of a split that our gateways answer themselves: with what. Those of other makers ask the Service. */
const answerHeader = "K-Challenge-Answer"

/**
 * The spec with the challenges of certificates in it, each as the first path of its host. Hosts that nobody else serves get
 * a rule of their own, as with Knative; cluster-local rules are left alone, because nobody outside asks there.
 */
export function withChallenges(spec: Ingress["spec"], challenges: readonly Challenge[]): Ingress["spec"] {
  const paths = new Map<string, IngressPath[]>()
  for (const challenge of challenges) {
    const url = URL.parse(challenge.url ?? "")
    if (url) paths.set(url.hostname, [...(paths.get(url.hostname) ?? []), pathOf(url.pathname, challenge)])
  }
  if (paths.size === 0) return spec
  const rules = (spec.rules ?? []).flatMap((rule) => ruleWith(rule, paths))
  const served = new Set((spec.rules ?? []).filter(isExternal).flatMap(({ hosts = [] }) => hosts))
  const added = [...paths].filter(([host]) => !served.has(host)).map(([host, own]) => ruleFor(host, own))
  return { ...spec, rules: [...rules, ...added] }
}

/** Whether every gateway answers a challenge: an Ingress has it, and they have that Ingress as it is. */
export function isServed(ingresses: readonly Ingress[], { url }: { readonly url: string }): boolean {
  const { hostname, pathname } = new URL(url)
  return ingresses.some((ingress) => {
    const rules = (ingress.spec.rules ?? []).filter((rule) => isExternal(rule) && rule.hosts?.includes(hostname))
    const isThere = rules.some(({ http }) => http?.paths.some(({ path }) => path === pathname))
    return isThere && currentCondition(ingress, "LoadBalancerReady")?.status === "True"
  })
}

/** A rule of several hosts is divided, so that none answers for another. */
function ruleWith(rule: IngressRule, paths: ReadonlyMap<string, IngressPath[]>): IngressRule[] {
  const { hosts = [], http } = rule
  const asked = isExternal(rule) ? hosts.filter((host) => paths.has(host)) : []
  if (asked.length === 0) return [rule]
  const others = hosts.filter((host) => !paths.has(host))
  const rest = others.length > 0 ? [{ ...rule, hosts: others }] : []
  return [
    ...asked.map((host) => ({
      ...rule,
      hosts: [host],
      http: { paths: [...(paths.get(host) ?? []), ...(http?.paths ?? [])] },
    })),
    ...rest,
  ]
}

function isExternal({ visibility }: IngressRule): boolean {
  return visibility !== "ClusterLocal"
}

function ruleFor(host: string, paths: IngressPath[]): IngressRule {
  return { hosts: [host], visibility: "ExternalIP", http: { paths } }
}

function pathOf(path: string, challenge: Challenge): IngressPath {
  const { serviceName = "", serviceNamespace = "", servicePort = 80, response } = challenge
  const told = response === undefined ? {} : { appendHeaders: { [answerHeader]: response } }
  return { path, splits: [{ serviceName, serviceNamespace, servicePort, percent: 100, ...told }] }
}
