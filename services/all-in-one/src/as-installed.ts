import type { AnyObject } from "@wick/sdk/api/kind"

/** What an installed object was made from, as a digest. */
export const sourceAnnotation = "wick.dev/installed-from"

/** Sets defaults of what others write, and says in the status that it serves it. */
const apiServer = "kube-apiserver"

/** Whether an object is as its installer has left it, from the same source: nobody else has set anything but its status. */
export function isAsInstalled({ metadata }: AnyObject, digest: string, installer: string): boolean {
  if (metadata.annotations?.[sourceAnnotation] !== digest || metadata.deletionTimestamp) return false
  const writers = metadata.managedFields ?? []
  return writers.every(
    ({ manager, operation, subresource }) =>
      subresource === "status" || manager === apiServer || (manager === installer && operation === "Apply"),
  )
}
