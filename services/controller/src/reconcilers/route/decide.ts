import type { Config } from "@wick/sdk/api/serving/config"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark, nextConditions } from "../../conditions.ts"
import { clusterLocalUrl, isClusterLocal, routeUrl } from "./url.ts"

export interface Observed {
  readonly route: Route
  readonly configurations: ReadonlyMap<string, Configuration>
  readonly revisions: ReadonlyMap<string, Revision>
  readonly config: Config
}

type Target = NonNullable<Route["spec"]["traffic"]>[number]
type Assigned = NonNullable<NonNullable<Route["status"]>["traffic"]>[number]
type Assignment =
  | { readonly kind: "assigned"; readonly target: Assigned }
  | { readonly kind: "missing"; readonly mark: Mark }

/**
 * Traffic is assigned whole or not at all: as long as one target cannot be resolved, requests go where they went before,
 * and the condition says what is missing. So a revision that never becomes ready never takes traffic.
 */
export function decide(observed: Observed, nowMs: number): NonNullable<Route["status"]> {
  const { route, config } = observed
  const assignments = (route.spec.traffic ?? []).map((target) => assign(observed, target))
  const missing = assignments.flatMap((each) => (each.kind === "missing" ? [each.mark] : []))
  const mark = missing.find(({ status }) => status === "False") ?? missing[0] ?? isTrue
  const traffic = assignments.flatMap((each) => (each.kind === "assigned" ? [each.target] : []))
  const waiting = isUnknown("IngressNotConfigured", "Ingress has not yet been reconciled.")
  const { name, namespace = "default" } = route.metadata
  return {
    ...route.status,
    observedGeneration: route.metadata.generation,
    url: isClusterLocal(route) ? clusterLocalUrl(name, namespace) : routeUrl(config, route, name),
    address: { url: clusterLocalUrl(name, namespace) },
    ...(mark === isTrue && { traffic }),
    conditions: nextConditions({
      before: route.status?.conditions,
      dependents: {
        AllTrafficAssigned: mark,
        CertificateProvisioned: {
          status: "True",
          reason: "TLSNotEnabled",
          message: "external-domain-tls is not enabled",
        },
        IngressReady: mark === isTrue ? isTrue : waiting,
      },
      nowMs,
    }),
  } as NonNullable<Route["status"]>
}

function assign(observed: Observed, target: Target): Assignment {
  const { configurationName, revisionName } = target
  if (configurationName) return assignConfiguration(observed, target, configurationName)
  const revision = observed.revisions.get(revisionName ?? "")
  if (!revision) {
    const text = `Revision "${revisionName}" referenced in traffic not found.`
    return { kind: "missing", mark: isFalse("RevisionMissing", text) }
  }
  const ready = currentCondition(revision, "Ready")?.status
  if (ready === "True") return assigned(observed, target, revision.metadata.name)
  const text = `Revision "${revision.metadata.name}"`
  const mark =
    ready === "False"
      ? isFalse("RevisionMissing", `${text} failed to become ready.`)
      : isUnknown("RevisionMissing", `${text} is not yet ready.`)
  return { kind: "missing", mark }
}

function assignConfiguration(observed: Observed, target: Target, name: string): Assignment {
  const configuration = observed.configurations.get(name)
  if (!configuration) {
    const text = `Configuration "${name}" referenced in traffic not found.`
    return { kind: "missing", mark: isFalse("ConfigurationMissing", text) }
  }
  const latest = configuration.status?.latestReadyRevisionName
  if (latest && observed.revisions.has(latest)) return assigned(observed, target, latest)
  const failed = currentCondition(configuration, "Ready")?.status === "False"
  const mark = failed
    ? isFalse("RevisionMissing", `Configuration "${name}" does not have any ready Revision.`)
    : isUnknown("RevisionMissing", `Configuration "${name}" is waiting for a Revision to become ready.`)
  return { kind: "missing", mark }
}

function assigned({ route, config }: Observed, target: Target, revisionName: string): Assignment {
  const { configurationName, tag } = target
  const host = `${tag}-${route.metadata.name}`
  const url = isClusterLocal(route)
    ? clusterLocalUrl(host, route.metadata.namespace ?? "")
    : routeUrl(config, route, host)
  return {
    kind: "assigned",
    target: {
      revisionName,
      latestRevision: configurationName !== undefined,
      ...(target.percent !== undefined && { percent: target.percent }),
      ...(tag && { tag, url }),
    } as Assigned,
  }
}
