import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { type Controller, createController, done, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { labels } from "../../labels.ts"
import { type Context, loopParts } from "../context.ts"
import { byConfiguration, configurationKey } from "../revision-index.ts"
import { configurationsOf, decide, decideConfiguration, revisionsOf } from "./decide.ts"

const byTarget = { targetRevision: revisionsOf, targetConfiguration: configurationsOf }

/** Notes on revisions and configurations which routes lead to them: what scales, and what is thrown away, follows it. */
export function startLabeler(context: Context): AsyncDisposable {
  const stack = new AsyncDisposableStack()
  stack.use(startRevisionLabeler(context))
  stack.use(startConfigurationLabeler(context))
  return stack
}

function startRevisionLabeler(context: Context): Controller {
  const { client, informers, clock } = context
  const revisions = informers(Revision, { indexes: byConfiguration })
  const configurations = informers(Configuration)
  const routes = informers(Route, { indexes: byTarget })
  return createController({
    name: "labeler",
    ...loopParts(context),
    watches: [
      watchOf(revisions, (change) => [keyOf(subject(change))]),
      watchOf(configurations, (change) => revisions.byIndex("configuration", keyOf(subject(change))).map(keyOf)),
      watchOf(routes, ({ before, after }) => targets(before, after, revisionsOf)),
    ],
    reconcile: async (key) => {
      const { namespace = "", name } = splitKey(key)
      const revision = revisions.get(name, namespace)
      if (!revision || revision.metadata.deletionTimestamp) return done
      const configurationName = revision.metadata.labels?.[labels.configuration] ?? ""
      const configuration = configurations.get(configurationName, namespace)
      const body = decide({ revision, configuration, routes: routes.byIndex("targetRevision", key) }, clock.now())
      if (body) await client.patch(Revision, { name, namespace }, { type: "merge", body })
      return done
    },
  })
}

function startConfigurationLabeler(context: Context): Controller {
  const { client, informers } = context
  const revisions = informers(Revision, { indexes: byConfiguration })
  const configurations = informers(Configuration)
  const routes = informers(Route, { indexes: byTarget })
  const ownerOf = (key: string): string[] => {
    const { namespace, name } = splitKey(key)
    const revision = revisions.get(name, namespace)
    return revision ? [configurationKey(revision)] : []
  }
  return createController({
    name: "configuration-labeler",
    ...loopParts(context),
    watches: [
      watchOf(configurations, (change) => (change.before ? [] : [keyOf(subject(change))])),
      // What leads to a revision leads to its configuration as long as it is there.
      watchOf(revisions, (change) => (change.before && change.after ? [] : [configurationKey(subject(change))])),
      watchOf(routes, ({ before, after }) => [
        ...targets(before, after, configurationsOf),
        ...targets(before, after, revisionsOf).flatMap(ownerOf),
      ]),
    ],
    reconcile: async (key) => {
      const { namespace = "", name } = splitKey(key)
      const configuration = configurations.get(name, namespace)
      if (!configuration || configuration.metadata.deletionTimestamp) return done
      const leading = [
        ...routes.byIndex("targetConfiguration", key),
        ...revisions.byIndex("configuration", key).flatMap((own) => routes.byIndex("targetRevision", keyOf(own))),
      ]
      const body = decideConfiguration(configuration, [...new Set(leading)])
      if (body) await client.patch(Configuration, { name, namespace }, { type: "merge", body })
      return done
    },
  })
}

/** What a route leads to now, or did before. */
function targets(before: Route | undefined, after: Route | undefined, of: (route: Route) => string[]): string[] {
  return [...(before ? of(before) : []), ...(after ? of(after) : [])]
}
