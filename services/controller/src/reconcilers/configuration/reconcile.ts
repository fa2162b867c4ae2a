import { type NewOf, StatusError } from "@wick/sdk/api"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { type Controller, createController, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { freshCause } from "@wick/sdk/tracing"
import { type Context, causedBy, createChild, loopParts } from "../context.ts"
import { byConfiguration, configurationKey } from "../revision-index.ts"
import { StatusWriter } from "../status-writer.ts"
import { decide, numberedName, numberingName, revisionNames } from "./decide.ts"

const concurrency = 8

export function startConfigurationController(context: Context): Controller {
  const { informers, clock } = context
  const configurations = informers(Configuration, { indexes: { chosenName, numbered } })
  const revisions = informers(Revision, { indexes: byConfiguration })
  const statuses = new StatusWriter(context, Configuration)
  const namers = (revision: Revision): string[] => {
    const { name, namespace } = revision.metadata
    const numbering = numberingName(name)
    const choosing = configurations.byIndex("chosenName", keyOf(revision))
    if (numbering === undefined) return choosing.map(keyOf)
    return [...configurations.byIndex("numbered", `${namespace}/${numbering}`), ...choosing].map(keyOf)
  }
  return createController({
    name: "configuration",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(configurations, (change) => [keyOf(subject(change))]),
      watchOf(revisions, (change) => {
        const revision = subject(change)
        // One that comes or goes may be somebody else's that has, or had, the name which a configuration wants.
        const naming = change.before && change.after ? [] : namers(revision)
        return [...new Set([configurationKey(revision), ...naming])]
      }),
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const configuration = configurations.get(name, namespace)
      if (!configuration || configuration.metadata.deletionTimestamp) return statuses.forget(key)
      const own = revisions.byIndex("configuration", key)
      const named = revisionNames(configuration).flatMap((each) => revisions.get(each, namespace) ?? [])
      const observed = { configuration, revisions: [...new Set([...own, ...named])] }
      const decision = decide(observed, clock.now())
      const refusal = decision.revision && (await createRevision(context, configuration, decision.revision))
      const { status, news } = refusal ? decide({ ...observed, refusal: refusal.message }, clock.now()) : decision
      // Who has chosen the revision's name waits to hear that it is of this template.
      const atOnce = news.length > 0 || chosenName(configuration).length > 0
      const written = await statuses.write(configuration, status, { atOnce })
      for (const happening of news) context.events.record(configuration, happening)
      // The API's no is tried again: what it follows from, such as a policy, may change.
      if (refusal) throw refusal
      return written
    },
  })
}

function numbered(configuration: Configuration): string[] {
  return [`${configuration.metadata.namespace}/${numberedName(configuration)}`]
}

/** The name that a configuration's template gives its revision. */
function chosenName({ metadata, spec }: Configuration): string[] {
  const name = spec.template.metadata?.name
  return name === undefined ? [] : [`${metadata.namespace}/${name}`]
}

/** Codes of a no that the same question will get again. */
const refusals = [400, 403, 422]

/** Returns the API's no, if that is the answer. */
async function createRevision(
  context: Context,
  configuration: Configuration,
  revision: NewOf<typeof Revision>,
): Promise<StatusError | undefined> {
  try {
    const cause = freshCause(configuration)
    const created = await causedBy(context, cause, "create Revision", configuration, (options) =>
      createChild(context, Revision, revision, options),
    )
    const message = `Created Revision "${revision.metadata.name}"`
    if (created) context.events.record(configuration, { type: "Normal", reason: "Created", message })
    return undefined
  } catch (error) {
    const message = `Failed to create Revision: ${(error as Error).message}`
    context.events.record(configuration, { type: "Warning", reason: "CreationFailed", message })
    if (error instanceof StatusError && refusals.includes(error.code)) return error
    throw error
  }
}
