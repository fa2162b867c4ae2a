import { isStatus } from "@wick/sdk/api"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import {
  type Controller,
  createController,
  done,
  keyOf,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import { labels } from "../../labels.ts"
import { type Context, loopParts } from "../context.ts"
import { byConfiguration, configurationKey } from "../revision-index.ts"
import { decide } from "./decide.ts"

/** Timers cannot be set for longer than this; who is woken early looks again. */
const sleepMsMax = 24 * 3_600_000

/** Removes old revisions. Wakes by itself only for a configuration of which one will be old enough at a known moment. */
export function startRevisionCollector(context: Context): Controller {
  const { client, informers, config, clock, log } = context
  const configurations = informers(Configuration)
  const revisions = informers(Revision, { indexes: byConfiguration })
  const state = (revision: Revision | undefined): string => revision?.metadata.labels?.[labels.routingState] ?? ""
  return createController({
    name: "gc",
    ...loopParts(context),
    watches: [
      watchOf(configurations, (change) => [keyOf(subject(change))]),
      watchOf(revisions, (change) =>
        state(change.before) === state(change.after) ? [] : [configurationKey(subject(change))],
      ),
      {
        synced: config.synced,
        subscribe: (wake) => config.onChange(() => configurations.list().map(keyOf).forEach(wake)),
      },
    ],
    reconcile: async (key) => {
      const { namespace = "", name } = splitKey(key)
      const configuration = configurations.get(name, namespace)
      if (!configuration || configuration.metadata.deletionTimestamp) return done
      const own = revisions.byIndex("configuration", key).filter(({ metadata }) => !metadata.deletionTimestamp)
      const observed = { configuration, revisions: own, limits: config.current().gc }
      const { remove, nextMs } = decide(observed, clock.now())
      for (const { metadata } of remove) {
        const { uid = "", resourceVersion = "" } = metadata
        // Only as it was judged: a route that has named it since has changed it.
        const preconditions = { uid, resourceVersion }
        await client.delete(Revision, { name: metadata.name, namespace }, { preconditions }).catch((error) => {
          if (!isStatus(error, "NotFound")) throw error
        })
        log.info("removed an old revision", { namespace, revision: metadata.name })
      }
      return nextMs === undefined ? done : wakeAfter(Math.min(sleepMsMax, nextMs - clock.now()))
    },
  })
}
