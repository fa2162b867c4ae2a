import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { compareQuantities } from "@wick/sdk/api/meta/quantity"

/** What of growing is over when the file system has its size. */
const growing = ["Resizing", "FileSystemResizePending"]

/**
 * Pure: the size to which what lies on the volume is to grow on its node, if it is. A driver's external-resizer has made the
 * volume larger then, and leaves it to the node to tell the claim.
 */
export function growthOf({ status }: PersistentVolumeClaim, { spec }: PersistentVolume): string | undefined {
  const [told, size] = [status?.capacity?.storage, spec?.capacity?.storage]
  if (told === undefined || size === undefined) return undefined
  return compareQuantities(size, told) > 0 ? String(size) : undefined
}

/** Pure: what changes of the claim's status once it has that size. */
export function grownStatus({ status }: PersistentVolumeClaim, storage: string) {
  const conditions = status?.conditions?.filter(({ type }) => !growing.includes(type)) ?? []
  return {
    capacity: { storage },
    conditions: conditions.length > 0 ? conditions : null,
    allocatedResourceStatuses: null,
  }
}
