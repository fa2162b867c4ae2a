import { CompactedError, type KeptChange, type MemberStorage } from "#store"
import { scanSliceMax } from "./limits.ts"

/**
 * Everything that is kept, in order of revision, a slice at a time, others getting their turn between. Throws
 * CompactedError when history is forgotten meanwhile: what was read before and what is read after would not fit
 * together.
 */
export async function* keptChanges(storage: MemberStorage): AsyncGenerator<readonly KeptChange[]> {
  const { compactRevision } = storage.status()
  let next = 0
  for (;;) {
    const before = storage.status().compactRevision
    if (before !== compactRevision) throw new CompactedError(before)
    const slice = storage.kept(next, scanSliceMax)
    if (slice.next === undefined) return
    yield slice.changes
    next = slice.next
    await new Promise((resolve) => setImmediate(resolve))
  }
}
