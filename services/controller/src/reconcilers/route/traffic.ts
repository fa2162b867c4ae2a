import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import { currentCondition, isFalse, isUnknown, type Mark } from "../../conditions.ts"
import { labels } from "../../labels.ts"
import { controllerKey } from "../../owner.ts"

/** A revision that gets requests of a route. */
export interface Target {
  readonly revisionName: string
  /** Gives the revision a host of its own; "" is none. */
  readonly tag: string
  readonly percent: number | undefined
  /** The configuration whose newest ready revision this is; absent when the revision itself was named. */
  readonly follows: string | undefined
  readonly protocol: "http1" | "h2c"
}

/**
 * Traffic is assigned whole or not at all: as long as one target cannot be resolved, requests go where they went before,
 * and the mark says what is missing. So a revision that never becomes ready never takes traffic.
 */
export type Traffic =
  | { readonly kind: "assigned"; readonly targets: readonly Target[] }
  | { readonly kind: "missing"; readonly mark: Mark }

export interface Named {
  readonly route: Route
  /** Of the route's namespace, by name. */
  readonly configurations: Pick<ReadonlyMap<string, Configuration>, "get">
  readonly revisions: Pick<ReadonlyMap<string, Revision>, "get">
}

type Wanted = NonNullable<Route["spec"]["traffic"]>[number]
type Found = { readonly kind: "found"; readonly target: Target } | { readonly kind: "missing"; readonly mark: Mark }

export function assignTraffic(named: Named): Traffic {
  const all = (named.route.spec.traffic ?? []).map((wanted) => find(named, wanted))
  const marks = all.flatMap((each) => (each.kind === "missing" ? [each.mark] : []))
  const mark = marks.find(({ status }) => status === "False") ?? marks[0]
  if (mark) return { kind: "missing", mark }
  return { kind: "assigned", targets: merged(all.flatMap((each) => (each.kind === "found" ? [each.target] : []))) }
}

/** Targets by the name under which they are called, "" for the route itself; one entry for each revision. */
export function targetsByTag(targets: readonly Target[]): ReadonlyMap<string, readonly Target[]> {
  const tags = [...new Set(targets.map(({ tag }) => tag).filter((tag) => tag !== ""))].toSorted()
  return new Map([
    ["", perRevision(targets)],
    ...tags.map((tag): [string, Target[]] => [tag, perRevision(targets.filter((target) => target.tag === tag))]),
  ])
}

function find(named: Named, wanted: Wanted): Found {
  const { configurationName, revisionName = "" } = wanted
  if (configurationName) return findLatest(named, wanted, configurationName)
  const revision = named.revisions.get(revisionName)
  if (!revision) {
    const text = `Revision "${revisionName}" referenced in traffic not found.`
    return missing(isFalse("RevisionMissing", text))
  }
  const foreign = foreignService(named.route, revision)
  if (foreign !== undefined) {
    const text = `Revision "${revisionName}" referenced in traffic belongs to the Service "${foreign}".`
    return missing(isFalse("RevisionNotOwned", text))
  }
  const ready = currentCondition(revision, "Ready")?.status
  if (ready === "True") return found(wanted, revision)
  return missing(
    ready === "False"
      ? isFalse("RevisionMissing", `Revision "${revisionName}" failed to become ready.`)
      : isUnknown("RevisionMissing", `Revision "${revisionName}" is not yet ready.`),
  )
}

function findLatest({ route, configurations, revisions }: Named, wanted: Wanted, name: string): Found {
  const configuration = configurations.get(name)
  if (!configuration) {
    const text = `Configuration "${name}" referenced in traffic not found.`
    // A service makes both at once, and makes anew what is gone: it is on its way.
    const isComing = controllerKey(route, "Service") !== undefined
    return missing(isComing ? isUnknown("ConfigurationMissing", text) : isFalse("ConfigurationMissing", text))
  }
  const latest = revisions.get(configuration.status?.latestReadyRevisionName ?? "")
  if (latest) return found(wanted, latest)
  return missing(
    currentCondition(configuration, "Ready")?.status === "False"
      ? isFalse("RevisionMissing", `Configuration "${name}" does not have any ready Revision.`)
      : isUnknown("RevisionMissing", `Configuration "${name}" is waiting for a Revision to become ready.`),
  )
}

/** The Service that a revision belongs to, when the route belongs to another one. */
function foreignService(route: Route, revision: Revision): string | undefined {
  const own = route.metadata.labels?.[labels.service]
  const other = revision.metadata.labels?.[labels.service]
  return own !== undefined && other !== undefined && own !== other ? other : undefined
}

function missing(mark: Mark): Found {
  return { kind: "missing", mark }
}

function found(wanted: Wanted, revision: Revision): Found {
  const { configurationName, tag = "", percent } = wanted
  const target = {
    revisionName: revision.metadata.name,
    tag,
    percent,
    follows: configurationName,
    protocol: protocolOf(revision),
  }
  return { kind: "found", target }
}

/** How a revision is spoken to: its serving container's port says so by its name. */
export function protocolOf({ spec }: Revision): Target["protocol"] {
  const names = spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name))
  return names.includes("h2c") ? "h2c" : "http1"
}

/** Targets that differ in nothing but their share are one. */
function merged(targets: readonly Target[]): Target[] {
  const key = ({ tag, revisionName, follows }: Target): string => `${tag} ${revisionName} ${follows ?? ""}`
  return [...Map.groupBy(targets, key).values()].map(summed)
}

/** A name that leads to one revision leads there always, even when the target's own share is 0 percent. */
function perRevision(targets: readonly Target[]): Target[] {
  const all = [...Map.groupBy(targets, ({ revisionName }) => revisionName).values()].map(summed)
  return all.length === 1 ? all.map((target) => ({ ...target, percent: 100 })) : all
}

function summed(same: readonly Target[]): Target {
  const [first] = same as readonly [Target, ...Target[]]
  const shares = same.flatMap(({ percent }) => (percent === undefined ? [] : [percent]))
  return { ...first, percent: shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) : undefined }
}
