import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Route } from "@wick/sdk/api/serving/route"
import { timestamp } from "../../conditions.ts"
import { annotations, labels, type RoutingState } from "../../labels.ts"

export interface Observed {
  readonly revision: Revision
  readonly configuration: Configuration | undefined
  /** Those that name the revision, in their spec or status. */
  readonly routes: readonly Route[]
}

/**
 * Whether traffic can reach a revision, and by which routes: named in one it is active; the newest of its configuration
 * may be soon, unless traffic was there and has left; any other is held in reserve and scales to zero. Undefined when its
 * labels say so already.
 */
export function decide({ revision, configuration, routes }: Observed, nowMs: number): object | undefined {
  const { labels: had, annotations: noted } = revision.metadata
  const before = had?.[labels.routingState]
  const mayCome = isNewest(revision, configuration) && (before === undefined || before === "pending")
  const state: RoutingState = routes.length > 0 ? "active" : mayCome ? "pending" : "reserve"
  const changed = before !== state
  const named = namesOf(routes)
  if (!changed && (noted?.[annotations.routes] ?? null) === named) return undefined
  return {
    metadata: {
      ...(changed && { labels: { [labels.routingState]: state } }),
      annotations: {
        [annotations.routes]: named,
        ...(changed && { [annotations.routingStateModified]: timestamp(nowMs) }),
      },
    },
  }
}

/** The configuration makes a revision before its status tells of it. */
function isNewest({ metadata }: Revision, configuration: Configuration | undefined): boolean {
  if (configuration?.status === undefined) return true
  const generation = Number(metadata.labels?.[labels.configurationGeneration] ?? 0)
  const isOfNow = generation >= (configuration.metadata.generation ?? 0)
  return isOfNow || configuration.status.latestCreatedRevisionName === metadata.name
}

/** The routes that lead to a configuration, as an annotation of it. Undefined when it says so already. */
export function decideConfiguration(configuration: Configuration, routes: readonly Route[]): object | undefined {
  const named = namesOf(routes)
  if ((configuration.metadata.annotations?.[annotations.routes] ?? null) === named) return undefined
  return { metadata: { annotations: { [annotations.routes]: named } } }
}

/** Null takes an annotation away. */
function namesOf(routes: readonly Route[]): string | null {
  const names = routes.map(({ metadata }) => metadata.name).toSorted()
  return names.length > 0 ? names.join(",") : null
}

/** Revisions that a route names, wished or real, by namespace and name. */
export function revisionsOf({ metadata, spec, status }: Route): string[] {
  const targets = [...(spec.traffic ?? []), ...(status?.traffic ?? [])]
  const names = targets.flatMap(({ revisionName }) => (revisionName ? [revisionName] : []))
  return [...new Set(names)].map((name) => `${metadata.namespace}/${name}`)
}

/** Configurations that a route names. */
export function configurationsOf({ metadata, spec }: Route): string[] {
  const names = (spec.traffic ?? []).flatMap(({ configurationName }) => (configurationName ? [configurationName] : []))
  return [...new Set(names)].map((name) => `${metadata.namespace}/${name}`)
}
