import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { type Controller, createController, done, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { labels } from "../../labels.ts"
import type { Context } from "../context.ts"
import { byConfiguration } from "../revision-index.ts"
import { decide } from "./decide.ts"

export function startLabeler({ client, informers, clock, log }: Context): Controller {
  const revisions = informers(Revision, { indexes: byConfiguration })
  const configurations = informers(Configuration)
  const routes = informers(Route)
  return createController({
    name: "labeler",
    clock,
    log,
    watches: [
      watchOf(revisions, (change) => [keyOf(subject(change))]),
      watchOf(configurations, (change) => revisions.byIndex("configuration", keyOf(subject(change))).map(keyOf)),
      watchOf(routes, ({ before, after }) => [...named(before), ...named(after)]),
    ],
    reconcile: async (key) => {
      const { namespace = "", name } = splitKey(key)
      const revision = revisions.get(name, namespace)
      if (!revision || revision.metadata.deletionTimestamp) return done
      const configurationName = revision.metadata.labels?.[labels.configuration] ?? ""
      const configuration = configurations.get(configurationName, namespace)
      const body = decide({ revision, configuration, routes: routes.list(namespace) }, clock.now())
      if (body) await client.patch(Revision, { name, namespace }, { type: "merge", body })
      return done
    },
  })
}

/** Revisions that a route named, or names now. */
function named(route: Route | undefined): string[] {
  const targets = [...(route?.spec.traffic ?? []), ...(route?.status?.traffic ?? [])]
  return targets.flatMap(({ revisionName }) => (revisionName ? [`${route?.metadata.namespace}/${revisionName}`] : []))
}
