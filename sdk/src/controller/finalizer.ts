import type { Kind, KindOf } from "../api/kind.ts"
import { isStatus } from "../api/meta/status-error.ts"
import type { Client } from "../client/client.ts"

/**
 * A finalizer keeps a deleted object until its owner has cleaned up. Both functions write only when there is something
 * to change, and carry the version they read: who lost a race is told `Conflict` and looks again.
 */
export async function addFinalizer<K extends Kind>(
  client: Client,
  kind: K,
  object: KindOf<K>,
  finalizer: string,
): Promise<KindOf<K>> {
  const finalizers = object.metadata.finalizers ?? []
  if (finalizers.includes(finalizer)) return object
  return await writeFinalizers(client, kind, object, [...finalizers, finalizer])
}

/** Undefined when the object is gone, which the removal of its last finalizer brings about. */
export async function removeFinalizer<K extends Kind>(
  client: Client,
  kind: K,
  object: KindOf<K>,
  finalizer: string,
): Promise<KindOf<K> | undefined> {
  const finalizers = object.metadata.finalizers ?? []
  if (!finalizers.includes(finalizer)) return object
  const rest = finalizers.filter((other) => other !== finalizer)
  try {
    return await writeFinalizers(client, kind, object, rest)
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}

function writeFinalizers<K extends Kind>(
  client: Client,
  kind: K,
  object: KindOf<K>,
  finalizers: readonly string[],
): Promise<KindOf<K>> {
  const { name, namespace, resourceVersion, uid } = object.metadata
  const reference = namespace === undefined ? { name } : { name, namespace }
  return client.patch(kind, reference, { type: "merge", body: { metadata: { uid, resourceVersion, finalizers } } })
}
