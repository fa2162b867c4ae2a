import type { NewOf } from "@wick/sdk/api"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { IngressPath, IngressRule, IngressSplit } from "@wick/sdk/api/networking-internal/ingress-rule"
import type { Config } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"
import { annotations, handedDown, labels } from "../../labels.ts"
import { ownedBy } from "../../owner.ts"
import { withChallenges } from "../certificate/challenge-paths.ts"
import { httpOptionOf, type IngressTls } from "../certificate/provision.ts"
import { clusterHosts, externalHost, hostLabel, type Visibility } from "../route/host.ts"
import { type Rollout, sharesOf } from "../route/rollout.ts"
import type { Target } from "../route/traffic.ts"

export interface IngressInput {
  readonly route: Route
  readonly byTag: ReadonlyMap<string, readonly Target[]>
  readonly rollout: Rollout
  readonly visibility: (tag: string) => Visibility
  readonly config: Config
  readonly tls: readonly IngressTls[]
  /** What gateways have to answer, so that certificates are issued. */
  readonly challenges: Parameters<typeof withChallenges>[1]
}

/** Ports of a revision's Service, as gateways of other makers dial them. */
const servicePorts = { http1: 80, h2c: 81 } as const
const tagHeader = "Knative-Serving-Tag"
const defaultRouteHeader = "Knative-Serving-Default-Route"

/** What gateways should serve for a route: for itself and each tag, a rule for pods and one for everybody. */
export function routeIngress(input: IngressInput): NewOf<typeof Ingress> {
  const { route, config, rollout, tls, challenges } = input
  const { name, namespace } = route.metadata
  const noted = handedDown(route.metadata.annotations)
  return {
    metadata: {
      name,
      namespace,
      labels: { ...route.metadata.labels, [labels.route]: name, [labels.routeNamespace]: namespace ?? "" },
      annotations: {
        [annotations.ingressClass]: config.network["ingress-class"],
        [annotations.rollout]: JSON.stringify(rollout),
        ...noted,
      },
      ownerReferences: [ownedBy(route)],
    },
    spec: withChallenges(
      {
        httpOption: httpOptionOf(config, route.metadata.annotations),
        ...(tls.length > 0 && { tls: [...tls] }),
        rules: [...input.byTag.keys()].flatMap((tag) => rulesOf(input, tag)),
      },
      challenges,
    ),
  }
}

function rulesOf(input: IngressInput, tag: string): IngressRule[] {
  const { config, route, visibility } = input
  const label = hostLabel(config, route.metadata.name, tag)
  const http = { paths: pathsOf(input, tag) }
  const local: IngressRule = {
    hosts: clusterHosts(label, route.metadata.namespace ?? ""),
    visibility: "ClusterLocal",
    http,
  }
  if (visibility(tag) === "ClusterLocal") return [local]
  return [local, { hosts: [externalHost(config, route, label)], visibility: "ExternalIP", http }]
}

/**
 * With routing by header a request of the route's own host that names a tag goes to it; the app sees by which way a
 * request came, whether it named the tag by host or by header.
 */
function pathsOf(input: IngressInput, tag: string): IngressPath[] {
  const splits = splitsOf(input, tag)
  if (!input.config.features.enables("tag-header-based-routing")) return [{ splits }]
  if (tag !== "") return [{ splits, appendHeaders: { [tagHeader]: tag } }]
  const tagged = [...input.byTag.keys()].filter((other) => other !== "")
  return [
    ...tagged.map((other) => ({ headers: { [tagHeader]: { exact: other } }, splits: splitsOf(input, other) })),
    { splits, appendHeaders: { [defaultRouteHeader]: "true" } },
  ]
}

function splitsOf({ route, byTag, rollout }: IngressInput, tag: string): IngressSplit[] {
  const namespace = route.metadata.namespace ?? ""
  return (byTag.get(tag) ?? []).flatMap(({ revisionName, percent = 0, follows, protocol }) => {
    if (percent === 0) return []
    const moving = follows === undefined ? undefined : sharesOf(rollout, tag, follows)
    const shares = moving ?? [{ revisionName, percent }]
    return shares.map((share) => ({
      serviceName: share.revisionName,
      serviceNamespace: namespace,
      servicePort: servicePorts[protocol],
      percent: share.percent,
      appendHeaders: {
        "Knative-Serving-Revision": share.revisionName,
        "Knative-Serving-Namespace": namespace,
      },
    }))
  })
}
