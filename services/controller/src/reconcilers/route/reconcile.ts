import { isStatus } from "@wick/sdk/api"
import { Service } from "@wick/sdk/api/core/service"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import {
  type Change,
  type Controller,
  createController,
  done,
  keyOf,
  type Result,
  soonest,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"
import { labels } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import { putCertificate } from "../certificate/put.ts"
import { type Context, createChild, loopParts } from "../context.ts"
import { putIngress } from "../ingress/put.ts"
import type { PlaceholderPlan } from "../placeholder/desired.ts"
import { configurationKey } from "../revision-index.ts"
import { StatusWriter } from "../status-writer.ts"
import { decide, type Observed, type Plan, placeholderNames } from "./decide.ts"

const concurrency = 8
const foreignAgainMs = 15_000

export function startRouteController(context: Context): Controller {
  const { informers, config, clock } = context
  const routes = informers(Route, { indexes: { target: targetsOf } })
  const configurations = informers(Configuration)
  const revisions = informers(Revision)
  const ingresses = informers(Ingress)
  const certificates = informers(Certificate, { indexes: { route: routeOf, wildcard: wildcardsOf } })
  const services = informers(Service, { labelSelector: labels.route, indexes: { route: routeOf } })
  const statuses = new StatusWriter(context, Route)
  const routesTo = (target: string): string[] => routes.byIndex("target", target).map(keyOf)
  const observe = (route: Route, namespace: string): Observed => {
    const byName = placeholderNames(config.current(), route).flatMap((name) => services.get(name, namespace) ?? [])
    return {
      route,
      configurations: { get: (name) => configurations.get(name, namespace) },
      revisions: { get: (name) => revisions.get(name, namespace) },
      services: [...new Set([...byName, ...services.byIndex("route", keyOf(route))])],
      ingress: ingresses.get(route.metadata.name, namespace),
      certificates: {
        get: (name) => certificates.get(name, namespace),
        own: certificates.byIndex("route", keyOf(route)).filter((each) => isOwnedBy(each, route)),
        wildcards: certificates.byIndex("wildcard", namespace),
      },
      config: config.current(),
    }
  }
  /** Routes that could not have a name of theirs: it may be this one, which has become free. */
  const refused = (freed: Service | undefined): string[] =>
    routes.list(freed?.metadata.namespace).flatMap((route) => (isRefused(route) ? [keyOf(route)] : []))
  return createController({
    name: "route",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(routes, (change) => [keyOf(subject(change))]),
      watchOf(configurations, (change) => routesTo(`configuration ${keyOf(subject(change))}`)),
      watchOf(revisions, (change) => targetsOfRevision(change).flatMap(routesTo)),
      watchOf(ingresses, (change) => [keyOf(subject(change))]),
      watchOf(certificates, (change) => {
        const certificate = subject(change)
        return isWildcard(certificate) ? routes.list(certificate.metadata.namespace).map(keyOf) : routeOf(certificate)
      }),
      watchOf(services, (change) => [...routeOf(subject(change)), ...(change.after ? [] : refused(change.before))]),
      { synced: config.synced, subscribe: (wake) => config.onChange(() => routes.list().map(keyOf).forEach(wake)) },
    ],
    reconcile: async (key) => {
      const { namespace = "", name } = splitKey(key)
      const route = routes.get(name, namespace)
      if (!route || route.metadata.deletionTimestamp) return statuses.forget(key)
      const observed = observe(route, namespace)
      const first = decide(observed, clock.now())
      const foreign = await makePlaceholders(context, first.placeholders)
      const plan =
        foreign.length > 0 ? decide({ ...observed, services: [...observed.services, ...foreign] }, clock.now()) : first
      await Promise.all(plan.certificates.put.map((certificate) => putCertificate(context, certificate)))
      if (plan.ingress) await putIngress(context, plan.ingress)
      const written = await statuses.write(route, plan.status, { atOnce: leadsElsewhere(route, plan.status) })
      await Promise.all([
        remove(context, Service, namespace, plan.placeholders.remove),
        remove(context, Certificate, namespace, plan.certificates.remove),
      ])
      return soonest(written, again(plan, clock.now()))
    },
  })
}

/** Services that are of no route are not followed: one that goes is not heard of. */
function again({ placeholders, wakeAtMs }: Plan, nowMs: number): Result {
  if (placeholders.foreign.length > 0) return wakeAfter(foreignAgainMs)
  return wakeAtMs === undefined ? done : wakeAfter(Math.max(1, wakeAtMs - nowMs))
}

/** Of a route that has led somewhere it is told at once where it leads now. */
function leadsElsewhere({ status }: Route, next: NonNullable<Route["status"]>): boolean {
  return status?.traffic !== undefined && !sameJson(status.traffic, next.traffic)
}

/** Returns Services of others that have a name which the route wants. */
async function makePlaceholders(context: Context, { create, update }: PlaceholderPlan): Promise<Service[]> {
  const { client } = context
  const [found] = await Promise.all([
    Promise.all(
      create.map(async (service) => {
        if (await createChild(context, Service, service)) return []
        const { name = "", namespace = "" } = service.metadata
        // Its label would have shown it to us: it is not ours, or was made this very moment.
        return client.get(Service, { name, namespace }).then(
          (existing) => [existing],
          (error) => {
            if (isStatus(error, "NotFound")) return []
            throw error
          },
        )
      }),
    ),
    ...update.map((service) => client.update(Service, service)),
  ])
  return found.flat()
}

async function remove(
  { client }: Context,
  kind: typeof Service | typeof Certificate,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  await Promise.all(
    names.map((name) =>
      client.delete(kind, { name, namespace }).catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error
      }),
    ),
  )
}

function isRefused(route: Route): boolean {
  return currentCondition(route, "IngressReady")?.reason === "NotOwned"
}

function wildcardsOf(certificate: Certificate): string[] {
  return isWildcard(certificate) ? [certificate.metadata.namespace ?? ""] : []
}

function isWildcard({ metadata }: Certificate): boolean {
  return metadata.labels?.[labels.wildcardDomain] !== undefined
}

/** The route that a placeholder Service or a Certificate is of. */
function routeOf({ metadata }: Service | Certificate): string[] {
  const route = metadata.labels?.[labels.route]
  return route === undefined ? [] : [`${metadata.namespace}/${route}`]
}

/** As what routes may name a revision; a new one by its configuration too, which may have been seen before it. */
function targetsOfRevision(change: Change<Revision>): string[] {
  const revision = subject(change)
  return [`revision ${keyOf(revision)}`, ...(change.before ? [] : [`configuration ${configurationKey(revision)}`])]
}

/** What a route's spec and status name: a change of these may change where its traffic goes. */
function targetsOf({ metadata, spec, status }: Route): string[] {
  const named = [...(spec.traffic ?? []), ...(status?.traffic ?? [])].flatMap(({ configurationName, revisionName }) => [
    ...(configurationName ? [`configuration ${metadata.namespace}/${configurationName}`] : []),
    ...(revisionName ? [`revision ${metadata.namespace}/${revisionName}`] : []),
  ])
  return [...new Set(named)]
}
