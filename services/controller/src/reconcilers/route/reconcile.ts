import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { type Controller, createController, done, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { type Context, writeStatus } from "../context.ts"
import { decide } from "./decide.ts"

const concurrency = 8

export function startRouteController(context: Context): Controller {
  const { informers, config, clock, log } = context
  const routes = informers(Route, { indexes: { target: targetsOf } })
  const configurations = informers(Configuration)
  const revisions = informers(Revision)
  const routesTo = (kind: "configuration" | "revision", key: string): string[] =>
    routes.byIndex("target", `${kind} ${key}`).map(keyOf)
  return createController({
    name: "route",
    clock,
    log,
    concurrency,
    watches: [
      watchOf(routes, (change) => [keyOf(subject(change))]),
      watchOf(configurations, (change) => routesTo("configuration", keyOf(subject(change)))),
      watchOf(revisions, (change) => routesTo("revision", keyOf(subject(change)))),
      { synced: config.synced, subscribe: (wake) => config.onChange(() => routes.list().map(keyOf).forEach(wake)) },
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const route = routes.get(name, namespace)
      if (!route || route.metadata.deletionTimestamp) return done
      const byName = <Item extends { metadata: { name: string } }>(items: Item[]): Map<string, Item> =>
        new Map(items.map((item) => [item.metadata.name, item]))
      const observed = {
        route,
        configurations: byName(configurations.list(namespace)),
        revisions: byName(revisions.list(namespace)),
        config: config.current(),
      }
      await writeStatus(context, Route, route, decide(observed, clock.now()))
      return done
    },
  })
}

/** What a route's spec and status name: a change of these may change where its traffic goes. */
function targetsOf({ metadata, spec, status }: Route): string[] {
  const named = [...(spec.traffic ?? []), ...(status?.traffic ?? [])].flatMap(({ configurationName, revisionName }) => [
    ...(configurationName ? [`configuration ${metadata.namespace}/${configurationName}`] : []),
    ...(revisionName ? [`revision ${metadata.namespace}/${revisionName}`] : []),
  ])
  return [...new Set(named)]
}
