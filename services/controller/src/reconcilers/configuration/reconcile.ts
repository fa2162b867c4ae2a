import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { type Controller, createController, done, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { type Context, createChild, writeStatus } from "../context.ts"
import { byConfiguration, configurationKey } from "../revision-index.ts"
import { decide, revisionName } from "./decide.ts"

const concurrency = 8

export function startConfigurationController(context: Context): Controller {
  const { informers, clock, log } = context
  const configurations = informers(Configuration)
  const revisions = informers(Revision, { indexes: byConfiguration })
  return createController({
    name: "configuration",
    clock,
    log,
    concurrency,
    watches: [
      watchOf(configurations, (change) => [keyOf(subject(change))]),
      watchOf(revisions, (change) => [configurationKey(subject(change))]),
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const configuration = configurations.get(name, namespace)
      if (!configuration || configuration.metadata.deletionTimestamp) return done
      const own = revisions.byIndex("configuration", key)
      const named = revisions.get(revisionName(configuration), namespace)
      const all = named && !own.includes(named) ? [...own, named] : own
      const decision = decide({ configuration, revisions: all }, clock.now())
      if (decision.revision) await createChild(context, Revision, decision.revision)
      await writeStatus(context, Configuration, configuration, decision.status)
      return done
    },
  })
}
