import { pullCredentials } from "@wick/controller"
import { Revision } from "@wick/sdk/api/serving/revision"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createInformer } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { RegistryCredentials } from "@wick/sdk/oci/pull-credentials"

export interface ImagePresenceOptions {
  readonly client: Client
  /** Has an image on this host; at once when it is there. Otherwise it asks what to show to the registry. */
  readonly pull: (
    image: string,
    credentials: () => Promise<readonly RegistryCredentials[]>,
    signal: AbortSignal,
  ) => Promise<void>
  readonly clock: Clock
  readonly log: Log
}

const routingState = "serving.knative.dev/routingState"

/**
 * Has on this host what may have to be started here at any moment: the images of all revisions that serve, which the host
 * where they ran first has pulled. A function whose host is lost then starts elsewhere in the time of a start, and not in
 * that of a pull. One at a time, after the revision has become ready: nobody waits for these. Registries that ask who pulls
 * are shown what the revision's pods would show: the secrets of its spec and of its service account.
 */
export function keepImages({ client, pull, clock, log }: ImagePresenceOptions): AsyncDisposable {
  const stop = new AbortController()
  const seen = new Set<string>()
  let pulling: Promise<void> = Promise.resolve()
  const have = async (image: string, revision: Revision): Promise<void> => {
    if (stop.signal.aborted) return
    try {
      await pull(image, () => pullCredentials(client, revision, image), stop.signal)
    } catch (error) {
      // Whose registry is away or lets nobody in, for example: it is tried again when the revision changes, and by its pods.
      seen.delete(image)
      if (!stop.signal.aborted) log.debug("an image is not had beforehand", { image, error })
    }
  }
  const informer = createInformer(client, Revision, { trim: trimmed }, clock, log)
  informer.onChange(({ after }) => {
    if (after === undefined) return
    for (const image of imagesOf(after)) {
      if (seen.has(image)) continue
      seen.add(image)
      pulling = pulling.then(() => have(image, after))
    }
  })
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await informer[Symbol.asyncDispose]()
      await pulling
    },
  }
}

/** By digest, of a revision that serves. */
export function imagesOf({ metadata, status }: Pick<Revision, "metadata" | "status">): readonly string[] {
  const isReady = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")
  if (!isReady || metadata.deletionTimestamp || metadata.labels?.[routingState] === "reserve") return []
  return (status?.containerStatuses ?? []).flatMap(({ imageDigest }) => (imageDigest ? [imageDigest] : []))
}

/** Of the spec: what opens registries. */
function trimmed(revision: Revision): Revision {
  const { imagePullSecrets, serviceAccountName } = revision.spec
  return { ...revision, spec: { imagePullSecrets, serviceAccountName } as Revision["spec"] }
}
