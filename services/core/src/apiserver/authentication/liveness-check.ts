import type { BoundObject } from "#pki"
import type { Storage } from "#store"
import { coreKey } from "../admission/stored-object.ts"
import { decodeJson } from "../mirror.ts"

/** Whether an object of the core group is still the very one that it was. */
export type LivenessCheck = (plural: string, namespace: string, object: BoundObject) => Promise<boolean>

const rememberedMax = 2_000

/**
 * Looks the object's key up on every call, but reads its JSON only once: a uid never changes between one creation of a
 * key and the next, and the store says at which revision a key was created.
 */
export function createLivenessCheck(storage: Storage): LivenessCheck {
  const uids = new Map<string, { readonly createRevision: number; readonly uid: string }>()
  return async (plural, namespace, { name, uid }) => {
    const key = coreKey(plural, namespace, name)
    const { kvs } = await storage.range({ key, serializable: true, keysOnly: true })
    const known = uids.get(key)
    if (known && known.createRevision === kvs[0]?.createRevision) return known.uid === uid
    const [found] = kvs.length === 0 ? [] : (await storage.range({ key, serializable: true })).kvs
    if (found === undefined) {
      uids.delete(key)
      return false
    }
    const object = decodeJson<{ metadata: { uid: string } }>(found.value)
    if (uids.size >= rememberedMax) uids.clear()
    uids.set(key, { createRevision: found.createRevision, uid: object.metadata.uid })
    return object.metadata.uid === uid
  }
}
