import type { KindOf, NewOf } from "@wick/sdk/api"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { type Controller, createController, keyOf, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { freshCause } from "@wick/sdk/tracing"
import { ownNotes } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import { type Context, causedBy, createChild, loopParts } from "../context.ts"
import { StatusWriter } from "../status-writer.ts"
import { decideStatus, desiredChildren, routeTurn } from "./decide.ts"

const concurrency = 8

export function startServiceController(context: Context): Controller {
  const { informers, clock } = context
  const services = informers(Service)
  const configurations = informers(Configuration)
  const routes = informers(Route)
  const revisions = informers(Revision)
  const statuses = new StatusWriter(context, Service)
  return createController({
    name: "service",
    ...loopParts(context),
    concurrency,
    watches: [
      watchOf(services, (change) => [keyOf(subject(change))]),
      // Children have the service's name, and one of somebody else's that has it may go.
      watchOf(configurations, (change) => [keyOf(subject(change))]),
      watchOf(routes, (change) => [keyOf(subject(change))]),
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const service = services.get(name, namespace)
      if (!service || service.metadata.deletionTimestamp) return statuses.forget(key)
      const desired = desiredChildren(service)
      const makeConfiguration = () =>
        applyChild(context, Configuration, service, configurations.get(name, namespace), desired.configuration)
      const existing = routes.get(name, namespace)
      const makeRoute = () => applyChild(context, Route, service, existing, desired.route)
      const byo = service.spec.template.metadata?.name
      // Only a name of the user's own keeps the route waiting for the configuration.
      const [configuration, early] = await Promise.all([makeConfiguration(), byo ? undefined : makeRoute()])
      const turn = routeTurn(service, configuration, byo ? revisions.get(byo, namespace) : undefined)
      const route = byo ? (turn === "now" ? await makeRoute() : existing) : early
      const observed = { service, configuration, route, nameTaken: turn === "never" }
      return statuses.write(service, decideStatus(observed, clock.now()))
    },
  })
}

/**
 * Makes a child, or brings its spec, labels and annotations to what is desired, where what the service no longer has goes;
 * never one that is somebody else's. Returns the child as it is then, so that a status is never told from a generation
 * that was just replaced.
 */
async function applyChild<K extends typeof Configuration | typeof Route>(
  context: Context,
  kind: K,
  service: Service,
  existing: KindOf<K> | undefined,
  desired: NewOf<K>,
): Promise<KindOf<K> | undefined> {
  if (!existing) return makeChild(context, kind, service, desired)
  if (!isOwnedBy(existing, service)) return existing
  const { labels } = desired.metadata
  const metadata = { labels, annotations: { ...ownNotes(existing), ...desired.metadata.annotations } }
  const sameMeta = sameJson({ labels: existing.metadata.labels, annotations: existing.metadata.annotations }, metadata)
  if (sameMeta && sameJson(existing.spec, desired.spec)) return existing
  const updated = { ...existing, metadata: { ...existing.metadata, ...metadata }, spec: desired.spec }
  return causedBy(context, freshCause(service), `change ${kind.kind}`, service, (options) =>
    context.client.update(kind, updated as unknown as NewOf<K>, options),
  )
}

async function makeChild<K extends typeof Configuration | typeof Route>(
  context: Context,
  kind: K,
  service: Service,
  desired: NewOf<K>,
): Promise<KindOf<K> | undefined> {
  const child = `${kind.kind} "${service.metadata.name}"`
  try {
    const created = await causedBy(context, freshCause(service), `create ${kind.kind}`, service, (options) =>
      createChild(context, kind, desired, options),
    )
    if (created) context.events.record(service, { type: "Normal", reason: "Created", message: `Created ${child}` })
    return created
  } catch (error) {
    const message = `Failed to create ${child}: ${(error as Error).message}`
    context.events.record(service, { type: "Warning", reason: "CreationFailed", message })
    throw error
  }
}
