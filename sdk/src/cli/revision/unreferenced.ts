import type { Configuration } from "../../api/serving/configuration.ts"
import type { Revision } from "../../api/serving/revision.ts"
import type { Route } from "../../api/serving/route.ts"

const serviceLabel = "serving.knative.dev/service"

/**
 * Revisions that get no requests and have no tag, the newest of each function apart. Pure. What a Route asks for counts
 * as what it does: its revisions may be about to get requests.
 */
export function unreferenced(
  revisions: readonly Revision[],
  routes: readonly Route[],
  configurations: readonly Configuration[],
  service?: string,
): Revision[] {
  const named = new Set<string>()
  const name = (namespace: string | undefined, revision: string | undefined): void =>
    void named.add(`${namespace}/${revision}`)
  for (const { metadata, spec, status } of routes) {
    for (const { revisionName } of [...(spec?.traffic ?? []), ...(status?.traffic ?? [])]) {
      name(metadata.namespace, revisionName)
    }
  }
  for (const { metadata, status } of configurations) {
    name(metadata.namespace, status?.latestReadyRevisionName)
    name(metadata.namespace, status?.latestCreatedRevisionName)
  }
  return revisions.filter(
    ({ metadata }) =>
      !named.has(`${metadata.namespace}/${metadata.name}`) &&
      (service === undefined || metadata.labels?.[serviceLabel] === service),
  )
}
